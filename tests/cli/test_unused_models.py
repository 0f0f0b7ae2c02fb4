"""`homeport models unused` on this machine: lists, asks, removes what no release needs."""

import json
from pathlib import Path

import pytest
import yaml

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.environments import ROOT, write_environment

pytestmark = pytest.mark.deploys

STORE = ".homeport/small/models"
NEEDED = yaml.safe_load((ROOT / "inventories/models.yaml").read_text())["models"]["tiny-random"]
UNUSED = "a" * 64


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with the model that its commit needs, and one that nothing needs."""
    write_environment(tmp_path)
    for file in ("lock.py", "unused_models.py"):
        (tmp_path / "deploys" / file).symlink_to(ROOT / "deploys" / file)
    (tmp_path / "config.py").symlink_to(ROOT / "config.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert exit_code(["render", "small"]) == ExitCode.DONE
    for folder in (UNUSED, NEEDED["files"][0]["sha256"]):
        (tmp_path / STORE / folder).mkdir(parents=True)
        (tmp_path / STORE / folder / "model.gguf").write_bytes(bytes(2**20))
    return tmp_path / STORE


def test_unused_models_go_on_request_alone(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert exit_code(["models", "unused", "small", "--json"]) == ExitCode.DONE
    (found,) = json.loads(capsys.readouterr().out)["localhost"]
    assert (found["path"], found["freed_bytes"]) == (UNUSED, 2**20)
    assert exit_code(["models", "unused", "small", "--remove"]) == ExitCode.CONFIRMATION_NEEDED
    said = capsys.readouterr()
    assert "localhost: 1.0 MiB are unused\n  aaaaaaaaaaaa" in said.out
    assert "hint: homeport models unused small --remove --yes" in said.err
    assert len(list(store.iterdir())) == 2
    assert exit_code(["models", "unused", "small", "--remove", "--yes"]) == ExitCode.DONE
    assert [path.name for path in store.iterdir()] == [NEEDED["files"][0]["sha256"]]
