"""What follows a replica that failed: where its log is, why, and what to change."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyinfra.api import StringCommand
from pyinfra.api.host import Host
from pyinfra.connectors.util import CommandOutput, OutputLine

from deploys.history.words import LOST
from deploys.operations import engine_causes
from deploys.operations.engine_causes import explained, kept_log, log_and_causes
from deploys.operations.other_host import CommandFailed
from deploys.questions import whole_text

KEY = "hp-3f9a1c0b7d2e4f5a6b8c9d0e1f2a3b4c"
FULL = "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB on device 0: cudaMalloc failed: out of memory"  # noqa: E501 - as it is told
SETTING = "remedy: inventories/group_data/prod.py: pools.chat."
UNHEALTHY = CommandFailed("progress\nerror: it never became healthy")
COMMAND = StringCommand("start", "chat-1")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """This machine, as a host of the environment `prod`."""
    released = SimpleNamespace(
        environment="prod", rollouts=[SimpleNamespace(name="chat-1", pool="chat")]
    )
    monkeypatch.setattr(engine_causes, "this_release", lambda one: released)
    monkeypatch.setattr(engine_causes, "run", _run)
    return cast("Host", SimpleNamespace(name="gpu1"))


def _run(_: Host, command: StringCommand) -> str:
    done = subprocess.run(
        ["sh", "-c", command.get_raw_value()], capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the log is kept."""
    found = Path(kept_log(str(tmp_path), "it's chat-1"))
    found.parent.mkdir()
    return found


def test_the_logs_cause_and_the_pools_setting_follow(host: Host, log: Path) -> None:
    log.write_bytes(b"\xff\x00 garbage\n" + f"{FULL} --api-key {KEY}\n".encode() * 20_000)
    first, cause, evidence, *remedies = log_and_causes(
        host, str(log), "chat", UNHEALTHY
    ).splitlines()
    assert first == f"its log: gpu1:{log}"
    assert cause.startswith("cause: the GPU has not enough memory")
    assert evidence.startswith(f"  evidence: {FULL}")
    assert KEY not in evidence
    assert any(line.startswith(SETTING) for line in remedies)


def test_what_docker_says_of_a_start_is_read_as_well(host: Host, log: Path) -> None:
    refused = CommandFailed(
        "Error response from daemon: failed to set up container networking: driver failed "
        "programming external connectivity on endpoint x: Bind for 0.0.0.0:18200 failed: port is "
        "already allocated\nerror: Docker Compose could not start it"
    )
    told = log_and_causes(host, str(log), "chat", refused)
    assert "cause: " in told
    assert "18200" in told


@pytest.mark.parametrize("text", ["", "nobody knows these words\n", "INFO all is well\n"])
def test_a_log_that_says_nothing_known_adds_nothing(text: str, host: Host, log: Path) -> None:
    log.write_text(text)
    assert log_and_causes(host, str(log), "chat", UNHEALTHY) == f"its log: gpu1:{log}"


def test_the_log_of_an_earlier_failure_is_not_this_ones(host: Host, log: Path) -> None:
    log.write_text(f"{FULL}\n")
    subprocess.run(["touch", "--date", "5 minutes ago", log], check=True)
    assert "cause: " not in log_and_causes(host, str(log), "chat", UNHEALTHY)


def test_nothing_is_asked_of_a_host_that_is_lost(
    host: Host, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_text(f"{FULL}\n")
    monkeypatch.setattr(engine_causes, "run", None)
    told = log_and_causes(host, str(log), "chat", CommandFailed(f"gpu1: {LOST}"))
    assert told == f"its log: gpu1:{log}"


def test_a_log_that_cannot_be_had_takes_nothing_from_the_failure(
    host: Host, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> str:
        raise CommandFailed("gpu1: no answer")

    monkeypatch.setattr(engine_causes, "run", lost)
    assert log_and_causes(host, str(log), "chat", UNHEALTHY) == f"its log: gpu1:{log}"


@pytest.mark.parametrize(("done", "added"), [(False, True), (True, False)])
def test_a_first_start_that_fails_says_why_after_dockers_words(
    done: bool, added: bool, host: Host, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_text(f"{FULL}\n")
    said = CommandOutput([OutputLine("stderr", "error: it never became healthy")])
    monkeypatch.setattr(StringCommand, "execute", lambda *_: (done, said))
    command = explained(COMMAND, str(log), "chat-1")
    assert command.get_raw_value() == COMMAND.get_raw_value()
    state: Any = None
    ended, output = command.execute(state, host, {})
    assert ended is done
    assert output.output_lines[0] == "error: it never became healthy"
    assert any(line.startswith(SETTING) for line in output.output_lines) is added


@pytest.mark.parametrize("answer", ["", "no letters of base64!", "H4sIAAAA", "bm8gZ3ppcA=="])
def test_what_was_not_packed_or_is_cut_off_is_no_log(answer: str) -> None:
    assert whole_text.read(answer) == b""
