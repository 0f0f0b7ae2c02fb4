"""What several tests of operations stand on."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
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
