"""What the fact about Docker makes of the systems it meets."""

import subprocess
from pathlib import Path

import pytest

from deploys.facts.docker import DockerHost
from deploys.questions.docker import parse_system

DEBIAN_12_WITHOUT_DOCKER = """\
distribution=debian
codename=bookworm
uid=0
sudo=
apt=/usr/bin/apt-get
client=
daemon=
engine_error=bash: line 9: docker: command not found
compose=
"""

UBUNTU_24_04_COMPLETE = """\
distribution=ubuntu
codename=noble
uid=1000
sudo=/usr/bin/sudo
apt=/usr/bin/apt-get
systemd=yes
client=/usr/bin/docker
daemon=/usr/bin/dockerd
engine=28.2.2
compose=v2.37.1+ds1-0ubuntu2
apt_lists=fresh
"""


def test_a_bare_debian_has_neither_client_nor_daemon() -> None:
    system = parse_system(DEBIAN_12_WITHOUT_DOCKER.splitlines())
    assert (system.distribution, system.codename, system.uid) == ("debian", "bookworm", 0)
    assert (system.client, system.daemon, system.engine, system.compose) == ("", "", "", "")
    assert not system.systemd
    assert not system.apt_lists_fresh
    assert system.may_become_root


def test_a_complete_ubuntu_tells_its_versions() -> None:
    system = parse_system(UBUNTU_24_04_COMPLETE.splitlines())
    assert (system.engine, system.compose) == ("28.2.2", "2.37.1+ds1-0ubuntu2")
    assert system.systemd
    assert system.apt_lists_fresh
    assert system.may_become_root


@pytest.mark.parametrize(
    "error",
    [
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run",
        "Got permission denied while trying to connect to the Docker daemon socket",
        "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
    ],
)
def test_a_socket_that_refuses_the_user_is_told_from_one_that_is_not_there(error: str) -> None:
    assert parse_system([f"engine_error={error}"]).denied
    assert not parse_system(["engine_error=Cannot connect to the Docker daemon"]).denied


def test_a_user_without_sudo_cannot_become_root() -> None:
    assert not parse_system(["uid=1000", "sudo="]).may_become_root


def test_the_shell_of_the_fact_runs_on_a_machine_without_docker(tmp_path: Path) -> None:
    for tool in ("id", "grep", "find", "ls"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    script = DockerHost().command().replace(":/usr/sbin:/sbin", "")
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True,
        check=True, timeout=30,
    )  # fmt: skip
    system = parse_system(done.stdout.splitlines())
    assert system.uid >= 0
    assert (system.client, system.engine) == ("", "")
