"""Files that are rendered for engines, on their way into a host's store, by real runs."""

from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.operations.committed_release import ROOT, bring_models, model_copy, write_release

pytestmark = pytest.mark.deploys

TEXT = "name: chat\noptions: [parallel:2]\n"
PATH = "gpu_hosts/localai/chat-1/model.yaml"
COMMITTED = Path("compose/small/localhost") / PATH
MODEL = model_copy(TEXT.encode(), f"committed:{COMMITTED.parent}/", "model.yaml")


@pytest.fixture(autouse=True)
def _committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One, as a release lists it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    write_release(tmp_path, (MODEL,), {PATH: TEXT})


def _placed(root: Path) -> Path:
    (place,) = MODEL.places(str(root / "store"))
    return Path(place)


def test_one_comes_into_the_store_as_it_was_rendered(tmp_path: Path) -> None:
    assert bring_models(tmp_path).exit_code == ExitCode.DONE
    assert _placed(tmp_path).read_text() == TEXT
    assert bring_models(tmp_path).changed == []


@pytest.mark.parametrize("slots", ["3", "16"])
def test_one_that_somebody_changed_in_the_store_is_replaced(slots: str, tmp_path: Path) -> None:
    """Its links are one file: what was changed in place is changed at both."""
    bring_models(tmp_path)
    there = _placed(tmp_path)
    there.chmod(0o600)
    there.write_text(TEXT.replace("2", slots))
    assert bring_models(tmp_path).changed == ["Have the model a-model"]
    assert there.read_text() == TEXT
    assert bring_models(tmp_path).changed == []
