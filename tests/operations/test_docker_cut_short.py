"""Bringing Docker to a bare host over SSH is cut short while dpkg is at work; the next run goes on.

A host of its own for each test: afterwards it is not bare any more.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.inventory import Controller, controller
from tests.lab.lab import Lab, fleet, running_lab
from tests.lab.waiting import until
from tests.operations.committed_release import ROOT
from tests.operations.killed_run import killed, started

pytestmark = [pytest.mark.docker, pytest.mark.root]

DOCKER = "deploys/docker.py"
# As long as dpkg has taken in nothing, nothing was cut short.
IS_AT_WORK = "pgrep -x dpkg >/dev/null && find /var/lib/dpkg/updates -name '[0-9]*'"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab("bootstrap", fleet(1, 0)) as lab:
        yield lab


@pytest.fixture
def begun(lab: Lab, tmp_path: Path) -> Controller:
    """A folder to run the deploy in."""
    (tmp_path / "deploys").symlink_to(ROOT / "deploys")
    return controller(lab, tmp_path)


def has_docker(host: LabHost) -> bool:
    """Whether it answers, with Compose, and dpkg has nothing more to do."""
    host.run("docker version && docker compose version")
    return host.run("dpkg --audit") == ""


def test_a_controller_that_dies_while_docker_is_installed_costs_no_more_than_another_run(
    lab: Lab, begun: Controller
) -> None:
    host = lab.host("gpu1")
    run = started(begun.folder, DOCKER)
    until(lambda: host.run(IS_AT_WORK, check=False))
    killed(run)
    # At once: apt goes on without the controller, and has its lock.
    begun.deploy(DOCKER)
    assert has_docker(host)
    assert begun.planned(DOCKER) == {}


def test_a_host_that_loses_its_power_while_docker_is_installed_is_mended_by_the_next_run(
    lab: Lab, begun: Controller
) -> None:
    host = lab.host("gpu1")
    run = started(begun.folder, DOCKER)
    until(lambda: host.run(IS_AT_WORK, check=False))
    host.pull_the_plug()
    killed(run)
    host.start()
    # What apt refuses to go on from by itself.
    assert "dpkg was interrupted" in host.run("apt-get check 2>&1", check=False)
    begun.deploy(DOCKER)
    assert has_docker(host)
