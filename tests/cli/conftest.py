"""A repository with the committed catalogue, and a model to take in."""

from pathlib import Path

import pytest

from deploys.catalogue.tiny import write_tiny
from deploys.cli import canary_steps
from deploys.render.release_gateway import CanaryRelease
from deploys.settings import inventory
from deploys.settings.canary import Canary
from tests.checks.deployment import deploy
from tests.cli.canary_gateway import HOST, Gateway

COMMITTED = Path(__file__).resolve().parents[2] / "inventories" / "models.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Its root."""
    for folder in ("inventories", "deploys"):
        (tmp_path / folder).mkdir()
    (tmp_path / "inventories" / "models.yaml").write_text(COMMITTED.read_text())
    return tmp_path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A whole GGUF file."""
    return write_tiny(tmp_path / "My_Model-7B.Q4_K_M.gguf")


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Everything as committed, and no share yet."""
    found = deploy(tmp_path)
    assert found.release.gateway is not None
    words = CanaryRelease(model="old", words=Canary(candidate="chat"))
    found.commit(gateway=found.release.gateway.model_copy(update={"canaries": {"old": words}}))
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    one = Gateway(found, [])
    one.says("old=0")
    one.logs(candidate_errors=0.01, requests=20)
    monkeypatch.setattr(canary_steps, "run_pyinfra", one.run)
    return one
