"""The verbs `releases`, `rollback` and `unlock`, and the lock's exit code, without Docker."""

import json
import os
import signal
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.history.holder import Holder, lock_text
from deploys.history.process import Process
from tests.operations.trial import Trial, make_trial

pytestmark = pytest.mark.deploys

STRANGER = Holder(
    "beef", "ana@elsewhere", "apply", "abc", "two", "a try", Process("elsewhere", 1, 2, "3")
)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """Three releases, applied one after the other."""
    trial = make_trial(tmp_path_factory.mktemp("trial"))
    for name in ("one", "two", "three"):
        assert trial.apply(name).exit_code == ExitCode.DONE
    return trial


@pytest.fixture
def trial(applied: Trial, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """The same; the working directory of the test."""
    monkeypatch.chdir(applied.root)
    (applied.store / "lock").unlink(missing_ok=True)
    return applied


def _lock(trial: Trial, holder: Holder = STRANGER) -> None:
    (trial.store / "lock").write_text(lock_text(holder))
    os.utime(trial.store / "lock", (1, 1))


@pytest.mark.usefixtures("trial")
def test_releases_lists_what_is_kept_and_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["releases", "small"]) == ExitCode.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["three", "two", "one"]
    assert lines[1].split()[-1] == "current"
    assert any("apply: switched, two -> three" in line for line in lines[4:])


def test_releases_is_json_for_a_program(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    _lock(trial)
    assert exit_code(["releases", "small", "--json"]) == ExitCode.DONE
    (host,) = json.loads(capsys.readouterr().out)["hosts"]
    assert [row["release"] for row in host["releases"]] == ["three", "two", "one"]
    assert [row["current"] for row in host["releases"]] == [True, False, False]
    assert host["lock"]["who"] == "ana@elsewhere"
    assert host["lock"]["since"] == "1970-01-01 00:00:01"
    assert host["audit"][-1]["after"] == "three"


def test_a_bare_host_has_no_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_trial(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert exit_code(["releases", "small"]) == ExitCode.DONE
    assert "localhost: nothing was applied here" in capsys.readouterr().out
    assert exit_code(["rollback", "small"]) == ExitCode.REFUSED


def test_an_unknown_release_is_7_and_names_a_near_one(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["rollback", "small", "tow"]) == ExitCode.REFUSED
    stderr = capsys.readouterr().err
    assert "error: small: no host keeps a release `tow`" in stderr
    assert "hint: did you mean `two`?" in stderr
    assert exit_code(["rollback", "small", "--limit", "localhots"]) == ExitCode.REFUSED
    assert "did you mean `localhost`?" in capsys.readouterr().err
    assert trial.current == "three"


def test_a_rollback_says_where_it_went_and_how_to_go_on(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["rollback", "small", "--dry"]) == ExitCode.CHANGES_PENDING
    assert "localhost: three -> two" in capsys.readouterr().out
    assert exit_code(["rollback", "small", "--reason", "three is slow"]) == ExitCode.DONE
    stdout = capsys.readouterr().out
    assert "localhost: three -> two" in stdout
    assert "is not what is committed now" in stdout
    assert "homeport apply small" in stdout
    assert trial.current == "two"
    assert exit_code(["rollback", "small", "three", "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["moves"] == ["localhost: two -> three"]
    assert exit_code(["rollback", "small", "three"]) == ExitCode.DONE
    assert "nothing had to change" in capsys.readouterr().out
    assert '"reason": "three is slow"' in (trial.store / "audit.log").read_text()


def test_a_rollback_of_a_locked_environment_is_8(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    _lock(trial)
    assert exit_code(["rollback", "small"]) == ExitCode.LOCKED
    stderr = capsys.readouterr().err
    assert "error: localhost is locked by ana@elsewhere for the apply of release abc" in stderr
    assert "hint: wait for it" in stderr
    assert trial.current == "three"


def test_breaking_a_lock_needs_a_yes_and_is_logged(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    _lock(trial)
    assert exit_code(["unlock", "small"]) == ExitCode.CONFIRMATION_NEEDED
    captured = capsys.readouterr()
    assert "locked by ana@elsewhere for the apply of release abc (a try)" in captured.out
    assert "days ago" in captured.out
    assert "hint: homeport unlock small --yes" in captured.err
    assert trial.is_locked
    assert exit_code(["unlock", "small", "--yes", "--reason", "ana left"]) == ExitCode.DONE
    assert not trial.is_locked
    before, after, outcome = trial.audit[-1]
    assert (before, after) == ("two", "three")
    assert outcome.startswith("lock broken by ")
    assert outcome.endswith(": ana left")
    assert exit_code(["unlock", "small", "--yes"]) == ExitCode.DONE
    assert "no host is locked" in capsys.readouterr().out


def test_a_lock_that_cannot_be_read_can_be_broken(trial: Trial) -> None:
    (trial.store / "lock").write_text("half")
    assert exit_code(["unlock", "small"]) == ExitCode.CONFIRMATION_NEEDED
    assert exit_code(["unlock", "small", "--yes"]) == ExitCode.DONE
    assert not trial.is_locked


def test_the_lock_of_a_living_run_is_not_broken(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    process = trial.start()
    try:
        assert exit_code(["unlock", "small", "--yes"]) == ExitCode.LOCKED
        assert f"`kill {process.pid}`" in capsys.readouterr().err
        assert trial.is_locked
    finally:
        trial.go_on()
        process.communicate(timeout=30)
    assert not trial.is_locked


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_stop_ends_after_its_run_has_released_the_lock(
    trial: Trial, number: signal.Signals
) -> None:
    code = (
        "import sys; from pathlib import Path; from deploys.cli.pyinfra_run import run_pyinfra; "
        "sys.exit(int(run_pyinfra(Path('.'), 'small', 'site.py').exit_code))"
    )
    process = trial.start_command("-c", code)
    process.send_signal(number)
    process.communicate(timeout=30)
    locked = trial.is_locked
    trial.go_on()
    assert process.returncode == ExitCode.OPERATION_FAILED
    assert not locked
