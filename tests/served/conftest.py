"""The served lab, made once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.lab.served import Served, running_served_lab


@pytest.fixture(scope="package")
def served_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Hosts gpu1, gpu2 and gate1 of a lab of their own, which one `homeport apply` made serve."""
    with running_served_lab(tmp_path_factory.mktemp("served") / "homeport") as served:
        yield served


@pytest.fixture
def served(served_lab: Served) -> Iterator[Served]:
    """The served lab for a test that changes it or breaks it; it converges afterwards."""
    yield served_lab
    served_lab.put_back()
