"""The two gateways, deployed once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.e2e.pair.gateway_pair import running_pair
from tests.e2e.rolling_fleet import Fleet


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Fleet]:
    """Two deployed gateways that share an address; tests leave both of them serving."""
    with running_pair(tmp_path_factory.mktemp("pair"), nginx_image) as made:
        yield made
