"""A host of the fake driver with healthy GPUs, for tests that then break it."""

from pathlib import Path

import pytest

from tests.checks.fake_docker import FakeDocker
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu


@pytest.fixture
def two_cards(driver: FakeDriver) -> FakeDriver:
    """An H100 and an L4, both well."""
    return driver.has(Gpu("h100"), Gpu("l4"))


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """A host's Docker with nothing in it yet; a test describes engines and writes it."""
    found = FakeDocker(tmp_path / "docker-program", {}, {}, "", "")
    monkeypatch.setenv("PATH", f"{found.folder}:/usr/local/bin:/usr/bin:/bin")
    return found
