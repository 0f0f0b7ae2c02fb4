"""The lab that all tests on hosts over SSH share; see tests/README.md."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.lab.gpus import Gpu
from tests.lab.inventory import Controller, controller
from tests.lab.lab import Lab, fleet, running_lab

# Speed is for benchmarks: on a busy machine a deadline fails what is right.
settings.register_profile("homeport", deadline=None)
settings.load_profile("homeport")


@pytest.fixture(scope="session")
def shared_lab() -> Iterator[Lab]:
    """Hosts gpu1 and gpu2 (an H100 and an L4 each) and gate1, with systemd and SSH; a registry."""
    with running_lab("tests", fleet(gpus=(Gpu("h100"), Gpu("l4"))), registry=True) as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_controller(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """A folder with an inventory of the shared lab, for running pyinfra in."""
    return controller(shared_lab, tmp_path_factory.mktemp("controller"))


@pytest.fixture(scope="session")
def docker_lab(shared_lab: Lab, lab_controller: Controller) -> Lab:
    """The shared lab, once the kit has brought Docker to its bare hosts over SSH."""
    lab_controller.deploy("deploys/docker.py")
    return shared_lab
