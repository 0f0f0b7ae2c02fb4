"""What raw pyinfra's exit code leaves out is read from its JSON and its progress lines."""

import json

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import outcome
from deploys.history.words import LOST


def _operation(name: str, **lists: list[str]) -> dict[str, object]:
    empty: dict[str, list[str]] = {
        "hosts_with_change": [],
        "hosts_with_conditional_change": [],
        "success": [],
    }
    return {"name": name, **empty, **lists}


def _dry(*operations: dict[str, object]) -> str:
    return json.dumps({"plan": operations, "results": None})


def _real(failed_hosts: list[str], *operations: dict[str, object]) -> str:
    results = {"operations": operations, "failed_hosts": failed_hosts}
    return json.dumps({"plan": [], "results": results})


def test_a_dry_run_with_changes_is_2_though_pyinfra_says_0() -> None:
    document = _dry(_operation("Build", hosts_with_change=["@local"]), _operation("Stage"))
    result = outcome(0, document, [], "local", dry=True)
    assert (result.exit_code, result.changed) == (ExitCode.CHANGES_PENDING, ["Build"])


def test_a_conditional_change_is_a_change() -> None:
    document = _dry(_operation("Build", hosts_with_conditional_change=["@local"]))
    assert outcome(0, document, [], "local", dry=True).exit_code == ExitCode.CHANGES_PENDING


def test_a_dry_run_without_changes_is_0() -> None:
    assert outcome(0, _dry(_operation("Stage")), [], "local", dry=True).exit_code == ExitCode.DONE


def test_a_run_names_what_it_changed() -> None:
    document = _real([], _operation("Build", success=["@local"]), _operation("Stage"))
    result = outcome(0, document, [], "local", dry=False)
    assert (result.exit_code, result.changed) == (ExitCode.DONE, ["Build"])


def test_a_failed_host_is_1_even_when_pyinfra_says_0() -> None:
    result = outcome(0, _real(["gpu1"]), [], "local", dry=False)
    assert (result.exit_code, result.failed_hosts) == (ExitCode.OPERATION_FAILED, ["gpu1"])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--> pyinfra error in deploys/site.py line 5: gpu1: refused before any change:", 7),
        ("    [gpu1] Failed to connect (timeout)", 4),
        ("    [gpu1] Could not connect (timed out)", 4),
        ("    [gpu1] Could not resolve hostname ([Errno -2] Name or service not known)", 4),
        ("    [gpu1] SSH error (Error reading SSH protocol banner)", 4),
        ("    [gpu1] EOF error ()", 4),
        ("    [gpu1] SSH host key error (Host key for gpu1 does not match.)", 4),
        ("    [gpu1] Authentication error (username=root) (Authentication failed.)", 4),
        ("    [gpu1] Error: executed 0 commands", 1),
    ],
)
def test_progress_lines_tell_the_kinds_of_failure_apart(line: str, code: int) -> None:
    result = outcome(1, "", [line, "hint: mend it"], "local", dry=False)
    assert result.exit_code == code
    assert result.explanation


def test_a_run_that_was_told_to_stop_is_not_done_though_pyinfra_says_0() -> None:
    assert outcome(0, "", [], "local", dry=False).exit_code == ExitCode.OPERATION_FAILED


@pytest.mark.parametrize(
    ("code", "name"), [(143, "SIGTERM"), (129, "SIGHUP"), (-15, "SIGTERM"), (-9, "SIGKILL")]
)
def test_a_run_that_a_signal_ended_is_1_and_named(code: int, name: str) -> None:
    result = outcome(code, "", ["    [gpu1] Success"], "lab", dry=False)
    assert result.exit_code == ExitCode.OPERATION_FAILED
    assert result.explanation.startswith(f"error: stopped by {name}\nhint: ")
    assert "`homeport apply lab` goes on from here" in result.explanation


def test_a_lock_is_8_and_told_without_pyinfras_own_words() -> None:
    progress = [
        "    [gpu1] Connected",
        "    [gpu2] error: gpu2 is locked by ana@ws1 for the apply of release abc",
        "    [gpu2] since 2026-11-21 11:23:06 UTC by its clock, 2 seconds ago",
        "    [gpu2] hint: wait for it",
        "    [gpu2] Error: executed 0 commands",
    ]
    result = outcome(1, "", progress, "local", dry=False)
    assert result.exit_code == ExitCode.LOCKED
    assert result.explanation == (
        "error: gpu2 is locked by ana@ws1 for the apply of release abc\n"
        "since 2026-11-21 11:23:06 UTC by its clock, 2 seconds ago\n"
        "hint: wait for it"
    )


def test_taking_the_lock_is_no_change() -> None:
    lock = _operation("deploys/lock.py | Lock the environment", success=["@local"])
    assert outcome(0, _real([], lock), [], "local", dry=False).changed == []


def test_a_host_that_is_lost_in_the_middle_of_a_run_is_4_and_named_once() -> None:
    line = f"    [gpu2] Command socket/SSH error: SSHException: {LOST} (EOFError)"
    result = outcome(1, "", [line, "    [gpu2] Error", line], "lab", dry=False)
    assert result.exit_code == ExitCode.HOST_UNREACHABLE
    assert result.explanation.count("error: gpu2: the connection was lost during the run") == 1
    assert "`homeport apply lab` does when it is back" in result.explanation


def test_a_host_that_a_rollout_loses_is_named_and_not_the_one_that_tells_of_it() -> None:
    line = f"    [gpu1] error: chat-2 on gpu2: gpu2: {LOST}; what it runs is not known"
    result = outcome(1, "", [line], "lab", dry=False)
    assert result.exit_code == ExitCode.HOST_UNREACHABLE
    assert "error: gpu2: the connection was lost during the run" in result.explanation
    assert "gpu1" not in result.explanation


def test_a_gateway_that_a_limited_run_cannot_reach_is_4_and_named() -> None:
    progress = [
        "    [gpu2] error: gate1: Could not connect: timed out",
        "    [gpu2] hint: gate1 is a gateway: no replica is replaced that cannot be drained there",
        "    [gpu2] Error: executed 0 commands",
    ]
    result = outcome(1, "", progress, "lab", dry=False)
    assert result.exit_code == ExitCode.HOST_UNREACHABLE
    assert result.explanation.splitlines()[0] == "error: gate1: Could not connect: timed out"


def test_a_replica_that_went_back_has_a_code_of_its_own_and_its_words() -> None:
    progress = [
        "    [gpu1]  rollout: chat-1 on gpu1: failed: it never became healthy",
        "    [gate1] error: chat-1 on gpu1: it never became healthy; it went back to its old "
        "release abc and serves again, all that came after it is untouched",
        "    [gate1] its log: gpu1:/srv/homeport/failed/chat-1.log",
        "    [gate1] cause: the GPU has not enough memory",
        "    [gate1]   evidence: cudaMalloc failed: out of memory",
        "    [gate1] remedy: inventories/group_data/production.py: pools.chat.context_tokens",
        "    [gate1] hint: the log says why",
        "    [gate1] Error: executed 0 commands",
    ]
    run = outcome(1, "", progress, "production", dry=False)
    assert run.exit_code == ExitCode.ROLLED_BACK
    assert run.explanation.splitlines()[0].startswith("error: chat-1 on gpu1: it never became")
    assert run.explanation.splitlines()[1:] == [
        "its log: gpu1:/srv/homeport/failed/chat-1.log",
        "cause: the GPU has not enough memory",
        "  evidence: cudaMalloc failed: out of memory",
        "remedy: inventories/group_data/production.py: pools.chat.context_tokens",
        "hint: the log says why",
    ]
    assert run.rollout == ["chat-1 on gpu1: failed: it never became healthy"]


def test_a_stand_in_that_fails_has_the_same_code_for_nothing_else_has_changed() -> None:
    progress = [
        "    [gate1] error: chat-1-surge on gpu1: it never became healthy; chat-1 was never "
        "drained and serves as before, all that came after it is untouched",
        "    [gate1] hint: the log says why",
        "    [gate1] Error: executed 0 commands",
    ]
    run = outcome(1, "", progress, "production", dry=False)
    assert run.exit_code == ExitCode.ROLLED_BACK
    assert run.explanation.startswith("error: chat-1-surge on gpu1: it never became healthy;")


def test_what_docker_said_of_a_failed_operation_is_explained() -> None:
    said = (
        "    [gpu1] write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
        "    [gpu1] Error: executed 0 commands",
    )
    run = outcome(1, "", list(said), "production", dry=False)
    assert run.exit_code == ExitCode.OPERATION_FAILED
    first, cause, evidence, *rest = run.explanation.splitlines()
    assert first == "error: an operation failed"
    assert cause.startswith("cause: ")
    assert "disk" in cause
    assert evidence.endswith("GetImageBlob1: no space left on device")
    assert rest[0].startswith("remedy: ")
    assert rest[-1].startswith("hint: ")
    assert "inventories/group_data/production.py" in run.explanation


def test_causes_that_a_host_has_told_itself_are_not_told_again() -> None:
    said = ["    [gpu1] error: x", "    [gpu1] cause: y", "    [gpu1] no space left on device"]
    explanation = outcome(1, "", said, "production", dry=False).explanation
    assert "cause: " not in explanation
    assert len(explanation.splitlines()) == 2
