"""`python -m tests.lab`: up again does nothing, down leaves nothing, errors are said plainly."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import keys
from tests.lab.lab import Lab
from tests.lab.labels import KINDS, labelled
from tests.lab.machine import ROOT, docker
from tests.lab.network import LABS, subnet

NAME = "tests-command"


def _lab(*words: str, expect: int = 0, name: str = NAME) -> str:
    command = (sys.executable, "-m", "tests.lab", "--name", name, *words)
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_labs_subnet_is_its_own_and_the_same_every_time() -> None:
    subnets = {subnet(name) for name in ("dev", "tests", NAME)}
    assert len(subnets) == 3
    assert all(one.subnet_of(LABS) and one.is_private for one in subnets)
    assert str(subnet("dev")) == "198.19.5.0/24"


def test_a_name_that_docker_could_not_carry_is_refused() -> None:
    assert _lab("status", name="No Good", expect=1).startswith("error: 'No Good' is no name")


@pytest.mark.docker
def test_a_lab_that_is_not_up_is_said_to_be_so() -> None:
    assert "is not up" in _lab("status", name="nobodys")
    assert "hint: its hosts: none: call up first" in _lab("ssh", "gpu1", name="nobodys", expect=1)


@pytest.mark.docker
@pytest.mark.root
def test_up_twice_starts_what_is_missing_and_down_leaves_nothing() -> None:
    before = _everything_docker_has()
    few = ("up", "--gpu-hosts", "0", "--gateways", "2", "--registry")
    try:
        assert "up in" in _lab(*few)
        first = docker("inspect", "--format", "{{.Id}}", f"homeport-lab-{NAME}-gate1")
        docker("stop", "--time", "5", f"homeport-lab-{NAME}-gate2")
        assert _lab(*few).count("running    running") == 2
        assert first == docker("inspect", "--format", "{{.Id}}", f"homeport-lab-{NAME}-gate1")
        assert _lab("ssh", "gate2", "sudo", "id", "-un").strip() == "root"
        assert "systemd" in _lab("logs", "gate1")
    finally:
        said = _lab("down")
    assert f"removed network homeport-lab-{NAME}-network" in said
    assert [labelled(NAME, kind) for kind in KINDS] == [[], [], []]
    assert _everything_docker_has() <= before
    assert not (Path(ROOT) / ".homeport" / "lab" / NAME).exists()


@pytest.mark.docker
@pytest.mark.root
def test_status_and_keys_of_one_lab_are_not_those_of_another(shared_lab: Lab) -> None:
    assert "gpu1" in _lab("status", name=shared_lab.name)
    assert "gpu1" not in _lab("status")
    assert (keys.folder(shared_lab.name) / "key").stat().st_mode & 0o077 == 0


def _everything_docker_has() -> set[str]:
    """Volumes and networks; other tests' own come and go, but none of this lab's may stay."""
    listings = (docker(kind, "ls", "--format", "{{.Name}}") for kind in ("volume", "network"))
    return {name for listing in listings for name in listing.split() if NAME in name}
