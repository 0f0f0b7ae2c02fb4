"""One run at a time: real pyinfra on this machine, two processes, signals."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.history.holder import Holder, lock_text
from deploys.history.process import Process
from deploys.history.words import LOCKED
from deploys.operations.host_script import SCRIPTS
from tests.operations.trial import Trial, make_trial

pytestmark = pytest.mark.deploys

STRANGER = Holder(
    "beef", "ana@elsewhere", "apply", "abc", "old", "a try", Process("elsewhere", 1, 2, "3")
)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return make_trial(tmp_path)


def test_a_lock_is_gone_when_its_run_is_done(trial: Trial) -> None:
    assert trial.apply().exit_code == ExitCode.DONE
    assert not trial.is_locked


def test_a_dry_run_takes_no_lock(trial: Trial) -> None:
    assert trial.apply(dry=True).exit_code == ExitCode.CHANGES_PENDING
    assert not trial.store.exists()


def test_of_two_runs_at_once_the_second_is_told_8_and_touches_nothing(trial: Trial) -> None:
    first = trial.start()
    try:
        before = sorted(path.name for path in trial.store.iterdir())
        second = trial.apply("other", HOMEPORT_REASON="me too")
        assert second.exit_code == ExitCode.LOCKED
        assert "localhost is locked by" in second.explanation
        assert "for the apply of release first" in second.explanation
        assert "seconds ago" in second.explanation
        assert "`homeport unlock small`" in second.explanation
        assert "Error:" not in second.explanation
        assert sorted(path.name for path in trial.store.iterdir()) == before == ["lock"]
    finally:
        trial.go_on()
        first.communicate(timeout=30)
    assert first.returncode == 0
    assert trial.apply("other").exit_code == ExitCode.DONE


def test_a_run_that_fails_releases_the_lock(trial: Trial) -> None:
    (trial.root / "fail").touch()
    assert trial.apply().exit_code == ExitCode.OPERATION_FAILED
    assert not trial.is_locked


@pytest.mark.parametrize(
    # pyinfra's own code for Ctrl-C, the shell's for the others.
    ("number", "code"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_run_that_is_stopped_releases_the_lock_while_its_command_still_runs(
    trial: Trial, number: signal.Signals, code: int
) -> None:
    process = trial.start()
    try:
        process.send_signal(number)
        said = process.communicate(timeout=30)[0]
        assert process.returncode == code, said
    finally:
        trial.go_on()
    assert "Traceback" not in said
    assert not trial.is_locked
    assert trial.audit == [("", "", "stopped at Take a while")]


def test_a_run_whose_terminal_went_away_under_nohup_goes_on(trial: Trial) -> None:
    code = (
        "import runpy, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "sys.argv[1:] = ['-y', 'inventories/small.py', 'site.py']; "
        "runpy.run_module('pyinfra', run_name='__main__')"
    )
    process = trial.start_command("-c", code)
    process.send_signal(signal.SIGHUP)
    trial.go_on()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert trial.current == "first"


def test_a_killed_run_leaves_a_lock_that_the_same_machine_takes_over(trial: Trial) -> None:
    trial.kill()
    assert trial.is_locked
    again = trial.apply()
    assert again.exit_code == ExitCode.DONE
    assert not trial.is_locked
    assert [line[2] for line in trial.audit] == ["died", "switched"]


def test_a_lock_of_another_machine_is_never_taken_over(trial: Trial) -> None:
    trial.store.mkdir()
    (trial.store / "lock").write_text(lock_text(STRANGER))
    os.utime(trial.store / "lock", (0, 0))
    refused = trial.apply()
    assert refused.exit_code == ExitCode.LOCKED
    assert "ana@elsewhere for the apply of release abc (a try)" in refused.explanation
    assert "since 1970-01-01 00:00:00 UTC" in refused.explanation
    assert "days ago" in refused.explanation
    assert (trial.store / "lock").read_text() == lock_text(STRANGER)


def test_a_lock_that_cannot_be_read_locks_too(trial: Trial) -> None:
    trial.store.mkdir()
    (trial.store / "lock").write_text("half")
    assert trial.apply().exit_code == ExitCode.LOCKED


def test_a_run_whose_lock_was_broken_leaves_the_next_ones_lock_alone(trial: Trial) -> None:
    trial.store.mkdir()
    (trial.store / "lock").write_text(lock_text(STRANGER))
    script = ["bash", str(SCRIPTS / "release-lock"), str(trial.store), "0a0a"]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert "somebody broke it" in done.stderr
    assert trial.is_locked


def test_a_dead_run_that_was_replaced_meanwhile_is_not_taken_over(trial: Trial) -> None:
    trial.store.mkdir()
    (trial.store / "lock").write_text(lock_text(STRANGER))
    script = [
        "bash",
        str(SCRIPTS / "take-lock"),
        str(trial.store),
        "gpu1",
        "small",
        "x",
        "0a0a",
        "d",
    ]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"gpu1 {LOCKED} ana@elsewhere" in done.stderr
    assert (trial.store / "lock").read_text() == lock_text(STRANGER)
    assert [path.name for path in trial.store.iterdir()] == ["lock"]
