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
APT = ROOT / "deploys" / "operations" / "scripts" / "apt"
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
    assert host.run("dpkg --audit; ls -A /var/lib/dpkg/updates") != ""
    begun.deploy(DOCKER)
    assert has_docker(host)


# One package cut off while it was unpacked, one while it was configured, one that waits for it.
CUT_OFF = r"""
apt-get -qq update && apt-get -qq install -y tree jq
edit() { sed -i "/^Package: $1\$/,/^\$/ s/^Status: .*/Status: install $2/" /var/lib/dpkg/status; }
edit tree 'reinstreq half-installed'
edit libjq1 'reinstreq half-configured'
edit jq 'ok unpacked'
dpkg --audit
"""


def test_packages_that_were_cut_off_half_unpacked_are_unpacked_again(lab: Lab) -> None:
    host = lab.host("gpu1")
    assert "They must be reinstalled" in host.run(CUT_OFF)
    host.run("bash -s -- install hello", given=APT.read_bytes())
    assert host.run("dpkg --audit") == ""
    assert host.run("tree --version && jq --version && hello") != ""
