"""The lab's private registry: known to who has its CA, and to nobody else."""

import io
import tarfile
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.machine import docker
from tests.lab.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "site/app:1"


@pytest.fixture(scope="module")
def registry(docker_lab: Lab) -> Registry:
    assert docker_lab.registry is not None
    return docker_lab.registry


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """An image of one file on this machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("app"))
    reference = "homeport-lab-tests/app:1"
    docker("import", "-", reference, given=packed.getvalue())
    yield reference
    docker("image", "rm", reference)


@pytest.fixture(scope="module")
def digest(registry: Registry, app: str) -> str:
    """What is pushed from this machine, by the digest of its manifest."""
    return registry.push(app, NAME)


@pytest.fixture
def host(docker_lab: Lab, registry: Registry) -> Iterator[LabHost]:
    """gpu2, which trusts the registry for as long as a test runs."""
    gpu2 = docker_lab.host("gpu2")
    registry.trusted_by(gpu2)
    yield gpu2
    gpu2.run(f"rm -r /etc/docker/certs.d; docker image rm {registry.address}/{NAME} || true")


def test_a_host_with_its_ca_pulls_by_tag_and_gets_what_was_pushed(
    host: LabHost, registry: Registry, digest: str
) -> None:
    host.run(f"docker pull {registry.address}/{NAME}")
    format_digests = '{{join .RepoDigests " "}}'
    found = host.run(f"docker image inspect --format '{format_digests}' {registry.address}/{NAME}")
    assert found == f"{registry.address}/site/app@{digest}"


def test_a_host_without_its_ca_is_refused(docker_lab: Lab, registry: Registry, digest: str) -> None:
    reference = f"{registry.address}/site/app@{digest}"
    said = docker_lab.host("gate1").run(f"docker pull {reference} 2>&1", check=False)
    assert "certificate signed by unknown authority" in said


def test_a_registry_that_is_down_is_an_error_and_comes_back(
    host: LabHost, registry: Registry, digest: str
) -> None:
    assert digest
    registry.stop()
    try:
        said = host.run(f"docker pull {registry.address}/{NAME} 2>&1", check=False)
    finally:
        registry.start()
    assert "registry:5000" in said
    assert "Downloaded" not in said
    host.run(f"docker pull {registry.address}/{NAME}")


def test_a_registry_with_a_login_wants_it_from_everybody(
    host: LabHost, registry: Registry, app: str, digest: str
) -> None:
    reference = f"{registry.address}/site/app@{digest}"
    host.run("docker image rm $(docker image ls --quiet) || true")
    registry.require_login("kit", "only-for-tests")
    try:
        assert "no basic auth credentials" in host.run(f"docker pull {reference} 2>&1", check=False)
        login = f"docker login --username kit --password-stdin {registry.address}"
        host.run(login, given=b"only-for-tests")
        host.run(f"docker pull {reference} && docker logout {registry.address}")
        assert registry.push(app, NAME) == digest
    finally:
        registry.require_no_login()
