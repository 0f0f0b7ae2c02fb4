"""What the tests of several rooms stand on: a gateway of its own for each file."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.cloud_lab import CloudLab, running_cloud_lab
from tests.e2e.gateway_lab import Lab, running_lab
from tests.lab.kit_images import kit_images


@pytest.fixture(scope="session")
def nginx_image() -> str:
    """The gateway's image: HOMEPORT_NGINX_IMAGE, or the kit's own."""
    return os.environ.get("HOMEPORT_NGINX_IMAGE") or kit_images()["nginx"]


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway with two fake engines, for all tests of one file."""
    with running_lab(tmp_path_factory.mktemp("gateway"), nginx_image) as lab:
        yield lab


@pytest.fixture
def lab(started_lab: Lab) -> Lab:
    """The same, with both engines back to answering."""
    started_lab.engines("answers")
    return started_lab


@pytest.fixture(scope="module")
def started_cloud_lab(
    tmp_path_factory: pytest.TempPathFactory, nginx_image: str
) -> Iterator[CloudLab]:
    """A gateway with two fake engines, an egress hop and a cloud, for all tests of one file."""
    with running_cloud_lab(tmp_path_factory.mktemp("cloud"), nginx_image) as lab:
        yield lab
