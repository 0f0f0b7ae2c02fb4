"""The folders that nginx may write to: made once, the gateway's own, and removed in the end."""

from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.operations.secret_file import GATEWAY_UID
from deploys.render.release_gateway import ANSWERS, COUNTERS
from tests.operations.trial import make_trial

DEPLOY = """\
from pyinfra import host
from deploys.operations import gateway
from deploys.operations.manifest import host_directory

gateway.own_folders(
    name="Folders",
    directory=host_directory(host),
    folders=("state/gateway/counters", "state/gateway/answers"),
    image="none",
)
"""


@pytest.mark.root
def test_the_gateway_gets_a_folder_that_keeps_what_is_in_it(tmp_path: Path) -> None:
    trial = make_trial(tmp_path)
    (tmp_path / "counters.py").write_text(DEPLOY)
    first = run_pyinfra(tmp_path, "small", "counters.py")
    folder = trial.store / COUNTERS
    (folder / "tokens_by_day.json").write_text("{}")
    second = run_pyinfra(tmp_path, "small", "counters.py")
    assert (first.exit_code, second.exit_code) == (ExitCode.DONE, ExitCode.DONE)
    assert [bool(run.changed) for run in (first, second)] == [True, False]
    assert folder.stat().st_uid == GATEWAY_UID
    # Its parent stays the kit's: nginx cannot write what it includes from there.
    assert folder.parent.stat().st_uid != GATEWAY_UID
    assert (folder / "tokens_by_day.json").read_text() == "{}"


FORGET = """\
from pyinfra import host
from deploys.operations import gateway
from deploys.operations.manifest import host_directory

gateway.answers_removed(name="Forget", directory=host_directory(host), image="none")
"""


@pytest.mark.root
def test_answers_of_a_gateway_that_keeps_none_any_more_are_removed_and_counts_stay(
    tmp_path: Path,
) -> None:
    trial = make_trial(tmp_path)
    (tmp_path / "folders.py").write_text(DEPLOY)
    (tmp_path / "forget.py").write_text(FORGET)
    assert run_pyinfra(tmp_path, "small", "folders.py").exit_code == ExitCode.DONE
    (trial.store / ANSWERS / "0").mkdir()
    (trial.store / ANSWERS / "0" / "kept").write_text("an answer")
    runs = [run_pyinfra(tmp_path, "small", "forget.py") for _ in range(2)]
    assert [run.exit_code for run in runs] == [ExitCode.DONE] * 2
    assert [bool(run.changed) for run in runs] == [True, False]
    assert not (trial.store / ANSWERS).exists()
    assert (trial.store / COUNTERS).exists()
