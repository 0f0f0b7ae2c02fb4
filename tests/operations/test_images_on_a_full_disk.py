"""Failing builds on a real host with small disks: what is said, and that nothing stays behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.bare_host import (
    ROOT,
    BareHost,
    remove_bare_host,
    start_bare_host,
)
from tests.lab.debian_tarball import this_machines_apt

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "homeport-test-small-disk"
LABELLED = "docker images --all --quiet --filter label=homeport.image=broken"
BUILD_IMAGE = ROOT / "deploys" / "operations" / "scripts" / "build-image"
MAKE_BASE = ROOT / "deploys" / "images" / "debian" / "make-base"


@pytest.fixture(scope="module")
def small() -> Iterator[BareHost]:
    """A host with 500 MiB for Docker, 100 MiB in /var/tmp, and its own system as base image."""
    disks = ("--tmpfs=/var/lib/docker:size=500m", "--tmpfs=/var/tmp:size=100m,exec,dev,suid")
    host = start_bare_host(NAME, *disks)
    host.deploy("deploys/docker.py")
    host.run(
        "tar -C / --one-file-system --exclude ./var -c . | docker import - homeport/debian:forky"
    )
    yield host
    remove_bare_host(NAME)


def test_a_disk_that_is_too_small_is_refused_before_anything_is_built(
    small: BareHost, tmp_path: Path
) -> None:
    said = small.refusal(_deploy(tmp_path, "FROM homeport/debian:forky\n"))
    assert "error: image broken needs 600 MiB below /var/lib/docker, and " in said
    assert small.run("ls /srv/homeport 2>/dev/null || true") == ""


def test_a_disk_that_fills_up_while_building_is_named_and_left_as_it_was(small: BareHost) -> None:
    fill = "RUN echo started && dd if=/dev/zero of=/filling bs=1M count=1000"
    before = small.run("docker images --all --quiet")
    said = _build(small, f"FROM homeport/debian:forky\nLABEL homeport.image=broken\n{fill}\n")
    assert "started" in said
    assert "error: image broken: the disk filled up while it was built" in said
    assert small.run("docker images --all --quiet") == before
    assert small.run("docker ps --all --quiet") == ""


def test_a_build_that_fails_shows_its_log_and_leaves_no_layer(small: BareHost) -> None:
    steps = "RUN echo one >/one\nRUN echo half-way && exit 3\n"
    said = _build(small, f"FROM homeport/debian:forky\nLABEL homeport.image=broken\n{steps}")
    assert "half-way" in said
    assert "error: image broken could not be built" in said
    assert small.run(LABELLED) == ""
    assert small.run("docker ps --all --quiet") == ""


def test_a_bootstrap_that_fills_the_disk_says_so_and_leaves_no_folder(small: BareHost) -> None:
    small.run("apt-get install --yes --no-install-recommends debootstrap")
    said = small.run_script(MAKE_BASE, "bootstrap", str(this_machines_apt().debian_mirror))
    assert "error: the disk of /var/tmp filled up while homeport/debian:forky was made" in said
    assert small.run("ls -A /var/tmp") == ""
    assert small.run("grep /var/tmp/ /proc/mounts || true") == ""
    assert small.run("docker images --quiet homeport/debian:unconfigured") == ""


def test_a_mirror_that_does_not_answer_is_named(small: BareHost) -> None:
    said = small.run_script(MAKE_BASE, "bootstrap", "http://127.0.0.1:1/debian")
    assert "debootstrap could not make homeport/debian:forky from http://127.0.0.1:1/debian" in said
    assert small.run("ls -A /var/tmp") == ""


def _deploy(folder: Path, dockerfile: str) -> Path:
    context = folder / "broken"
    context.mkdir()
    (context / "Dockerfile").write_text(dockerfile)
    deploy = folder / "deploy.py"
    deploy.write_text(
        "from deploys.operations import images\nimages.built(name='Build', "
        f"reference='homeport/broken:1', context={str(context)!r}, directory='/srv/homeport')\n"
    )
    return deploy


def _build(host: BareHost, dockerfile: str) -> str:
    host.run(f"mkdir -p /root/broken && printf %s '{dockerfile}' >/root/broken/Dockerfile")
    return host.run_script(BUILD_IMAGE, "broken", "homeport/broken:1", "/root/broken")
