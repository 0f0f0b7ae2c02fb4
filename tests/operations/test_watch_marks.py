"""What the watch took out: back by a person's word, and when nothing watches any more."""

from pathlib import Path

import pytest

from deploys.cli.pyinfra_run import run_pyinfra
from tests.operations.test_canaries import DOCKER
from tests.operations.trial import Trial, make_trial

pytestmark = pytest.mark.deploys

UNDRAINED = """\
from deploys.operations import draining
from deploys.operations.manifest import host_directory
from pyinfra import host

draining.undrained(
    name="Undrain", directory=host_directory(host), project="p", replica="chat-1"
)
"""
LET_BACK = """\
from deploys.operations import watch
from deploys.operations.manifest import host_directory
from pyinfra import host

watch.let_back(name="Let back", directory=host_directory(host), project="p")
"""


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A gateway at which the watch has taken out two replicas, and a person one."""
    found = make_trial(tmp_path)
    marks = found.store / "state" / "gateway" / "drained"
    marks.mkdir(parents=True)
    for mark in ("chat-1.watch", "chat-2.watch", "chat-2.operator"):
        (marks / mark).write_text("{}\n")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER.format(store=found.store, root=tmp_path))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:/usr/local/bin:/usr/bin:/bin")
    return found


def marks(trial: Trial) -> list[str]:
    """All that are left, sorted."""
    folder = trial.store / "state" / "gateway" / "drained"
    return sorted(path.name for path in folder.iterdir())


def test_undrain_lets_in_what_the_watch_took_out_and_nothing_else(trial: Trial) -> None:
    (trial.root / "undrained.py").write_text(UNDRAINED)
    assert run_pyinfra(trial.root, "small", "undrained.py").changed
    assert marks(trial) == ["chat-2.operator", "chat-2.watch"]
    assert (trial.root / "reloads").read_text() == "reload\n"
    assert not run_pyinfra(trial.root, "small", "undrained.py").changed


def test_without_a_watch_its_marks_go_and_those_of_people_stay(trial: Trial) -> None:
    (trial.root / "let_back.py").write_text(LET_BACK)
    assert run_pyinfra(trial.root, "small", "let_back.py").changed
    assert marks(trial) == ["chat-2.operator"]
    assert not run_pyinfra(trial.root, "small", "let_back.py").changed
