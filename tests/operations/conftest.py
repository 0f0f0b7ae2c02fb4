"""What several tests of operations stand on."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.registry import Registry
from tests.operations import pull_lab
from tests.operations.store_lab import StoreLab, store_lab, without_models


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    store = tmp_path / "store"
    store.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", store], check=True)
    yield store
    subprocess.run(["umount", store], check=True)


@pytest.fixture
def stores(shared_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreLab]:
    """The shared lab's hosts without models; the working directory is their repository."""
    monkeypatch.chdir(tmp_path)
    yield store_lab(shared_lab, tmp_path)
    without_models(shared_lab)


@pytest.fixture(scope="module")
def locked_registry(docker_lab: Lab) -> Iterator[Registry]:
    """The shared lab's registry while it wants a login."""
    with pull_lab.with_login(docker_lab) as registry:
        yield registry


@pytest.fixture(scope="module")
def large_image(locked_registry: Registry) -> Iterator[str]:
    """An image of 24 MiB there, by its digest."""
    with pull_lab.pushed(locked_registry) as reference:
        yield reference


@pytest.fixture
def pullers(
    stores: StoreLab, locked_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StoreLab]:
    """Hosts without the image, and a repository."""
    assert locked_registry.address
    monkeypatch.setenv("REGISTRY_PASSWORD", pull_lab.PASSWORD)
    (stores.root / "site.py").write_text(pull_lab.SITE)
    yield stores
    for host in stores.lab.hosts:
        host.run("rm -f /tmp/stopped; docker image rm $(docker image ls --quiet)", check=False)
