"""Images from a private registry with a login, on hosts over SSH: by digest, before a stop."""

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.render.release import Image
from tests.lab import keys
from tests.lab.certificates import not_yet_valid_certificate
from tests.lab.host import File
from tests.lab.lab import Lab
from tests.lab.machine import docker
from tests.lab.network import REGISTRY_NUMBER, address
from tests.lab.registry import Registry
from tests.operations.store_lab import StoreLab

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "site/large:1"
USER, PASSWORD = "kit", "password-of-the-lab's-registry"
LARGE_MIB = 24
# What site.py does after the images, as far as it matters here: it stops replicas.
SITE = """\
from pyinfra import local
from pyinfra.operations import server

local.include("deploys/images.py")
server.shell(name="Stop a replica", commands=["touch /tmp/stopped"])
"""
LEFT = "find / -xdev -name config.json -path '*docker*' -o -xdev -path '*/secrets/registry*'"


@pytest.fixture(scope="module")
def registry(docker_lab: Lab) -> Iterator[Registry]:
    """The lab's registry, with a login, by its address; every host knows its CA."""
    assert docker_lab.registry is not None
    server = f"{address(docker_lab.name, REGISTRY_NUMBER)}:5000"
    folder = f"/etc/docker/certs.d/{server}"
    for host in docker_lab.hosts:
        host.put({f"{folder}/ca.crt": File(docker_lab.registry.ca.read_bytes())})
    docker_lab.registry.require_login(USER, PASSWORD)
    yield Registry(server, docker_lab.registry.ca, docker_lab.registry.container)
    docker_lab.registry.require_no_login()
    for host in docker_lab.hosts:
        host.run(f"rm -r {folder}")


@pytest.fixture(scope="module")
def reference(registry: Registry) -> Iterator[str]:
    """An image of one large file, by its digest in the registry."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("large")
        member.size = LARGE_MIB * 2**20
        archive.addfile(member, io.BytesIO(os.urandom(member.size)))
    here = "homeport-lab-tests/large:1"
    docker("import", "-", here, given=packed.getvalue())
    yield f"{registry.address}/site/large@{registry.push(here, NAME)}"
    docker("image", "rm", here)


@pytest.fixture
def fleet(
    docker_lab: Lab, stores: StoreLab, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StoreLab]:
    """Hosts without the image, and a repository."""
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)
    (stores.root / "site.py").write_text(SITE)
    yield stores
    for host in docker_lab.hosts:
        host.run("rm -f /tmp/stopped; docker image rm $(docker image ls --quiet)", check=False)


def apply(fleet: StoreLab, reference: str) -> Run:
    """Commits the image for all hosts, and applies."""
    server = reference.partition("/")[0]
    login = {"prefix": server, "user": USER, "password": "env:REGISTRY_PASSWORD"}
    image = Image(name="large", reference=reference, build=None)
    fleet.commit((), images=(image,), registry=login)
    return run_pyinfra(fleet.root, "lab", "site.py")


def on_each(fleet: StoreLab, command: str) -> set[str]:
    return {host.run(command, check=False) for host in fleet.lab.hosts}


def nothing_was_stopped(fleet: StoreLab) -> bool:
    return on_each(fleet, "ls /tmp/stopped 2>&-") == {""}


def test_hosts_pull_by_digest_with_a_login_that_does_not_stay(
    fleet: StoreLab, reference: str
) -> None:
    before = on_each(fleet, LEFT)
    run = apply(fleet, reference)
    assert run.exit_code == ExitCode.DONE
    assert [name.rpartition(" | ")[2] for name in run.changed] == [
        "Pull the image large",
        "Stop a replica",
    ]
    assert on_each(fleet, f"docker image inspect --format ok {reference}") == {"ok"}
    assert on_each(fleet, LEFT) == before
    assert apply(fleet, reference).changed == ["Stop a replica"]


def test_a_wrong_password_is_told_and_nothing_is_stopped(
    fleet: StoreLab,
    reference: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "another-password")
    assert apply(fleet, reference).exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert f"error: {reference}: {reference.partition('/')[0]} refuses the login" in said
    assert "another-password" not in said
    assert nothing_was_stopped(fleet)


def test_a_digest_that_is_gone_is_told_and_nothing_is_stopped(
    fleet: StoreLab, reference: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = f"{reference.partition('@')[0]}@sha256:{'0' * 64}"
    assert apply(fleet, gone).exit_code == ExitCode.OPERATION_FAILED
    assert "has no such image any more" in capfd.readouterr().err
    assert nothing_was_stopped(fleet)


def test_a_registry_that_is_down_is_told_and_nothing_is_stopped(
    fleet: StoreLab, reference: str, registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    registry.stop()
    try:
        assert apply(fleet, reference).exit_code == ExitCode.OPERATION_FAILED
    finally:
        registry.start()
    assert f"{registry.address} gave no image" in capfd.readouterr().err
    assert nothing_was_stopped(fleet)


def test_a_host_whose_clock_is_behind_the_registrys_certificate_is_told_its_time(
    fleet: StoreLab, reference: str, registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    """For the certificate it is the same whether the clock is behind or the certificate ahead."""
    with registry.certified_by(*not_yet_valid_certificate(keys.folder(fleet.lab.name), "registry")):
        assert apply(fleet, reference).exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert f"the certificate of {registry.address} does not hold at 2" in said
    assert "hint: set the clock of the host" in said
    assert nothing_was_stopped(fleet)


def test_a_disk_that_fills_up_is_told_and_the_next_run_pulls(
    fleet: StoreLab, reference: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gpu2 = fleet.host("gpu2")
    gpu2.run(
        "systemctl stop docker.socket docker; "
        "mount -t tmpfs -o size=20m tmpfs /var/lib/docker; systemctl start docker"
    )
    try:
        assert apply(fleet, reference).exit_code == ExitCode.OPERATION_FAILED
        assert gpu2.run("docker image ls --quiet; docker ps --all --quiet") == ""
    finally:
        gpu2.run(
            "systemctl stop docker.socket docker; umount /var/lib/docker; systemctl start docker"
        )
    said = capfd.readouterr().err
    assert f"error: {reference}: the disk filled up (free at /var/lib/docker " in said
    assert nothing_was_stopped(fleet)
    assert apply(fleet, reference).exit_code == ExitCode.DONE


def test_images_and_models_come_before_anything_is_switched() -> None:
    site = (Path(__file__).parents[2] / "deploys" / "site.py").read_text()
    order = [site.index(f'"deploys/{name}.py"') for name in ("images", "models", "releases")]
    assert order == sorted(order)
    assert order[-1] < site.index('"deploys/engines.py"')
