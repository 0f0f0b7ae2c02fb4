"""A repository with the committed catalogue, and a model to take in."""

from pathlib import Path

import pytest

from deploys.catalogue.tiny import write_tiny

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
