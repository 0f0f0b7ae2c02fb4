"""The verb `bench`, where it cannot measure anything, or is asked for what makes no sense."""

from pathlib import Path

import pytest

from checks.probes.host import Unreachable
from deploys.cli import history
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.checks.benchmarks.scripted_server import Script, chunked, plain, stop, text
from tests.cli.bench_gateway import (
    ANSWERS,
    CLOSED,
    DONE,
    Bench,
    applied,
    streaming_gateway,
    usage,
    whole,
)


def test_a_release_that_was_never_measured_is_7(
    bench: Bench, streaming: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*CLOSED, "--against", "0123") == ExitCode.REFUSED
    assert "no benchmark of 0123 with this workload" in capsys.readouterr().err
    assert streaming.bodies == []


def test_a_gateway_that_serves_another_release_than_is_committed_is_7(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or its figures would be kept under a name that they do not belong to."""
    with streaming_gateway([whole(34, headers=b"X-Homeport-Release: abc\r\n")]) as gateway:
        applied(tmp_path, gateway.port, monkeypatch)
        assert exit_code(["bench", "small", *CLOSED]) == ExitCode.REFUSED
        assert len(gateway.bodies) == 2
    said = capsys.readouterr().err
    assert "error: nginx/small: the gateway serves abc, and " in said
    assert "hint: homeport apply small" in said


def test_hosts_that_run_another_release_than_is_committed_are_7(
    bench: Bench, streaming: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where engines alone have changed the gateway serves the same revision as before."""
    current = tmp_path / ".homeport" / "small" / "current"
    committed = current.readlink().name
    current.unlink()
    assert bench(*CLOSED) == ExitCode.REFUSED
    assert f"runs nothing, not {committed}" in capsys.readouterr().err
    current.symlink_to("releases/before")
    assert bench(*CLOSED) == ExitCode.REFUSED
    told = capsys.readouterr().err
    assert f"error: localhost: runs before, not {committed}" in told
    assert "hint: homeport apply small" in told
    assert streaming.bodies == []


def test_a_host_that_cannot_be_asked_what_it_runs_is_4(
    bench: Bench,
    streaming: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost = {"@local": Unreachable("@local", "no route")}
    monkeypatch.setattr(history, "read_all", lambda *_: lost)
    assert bench(*CLOSED) == ExitCode.HOST_UNREACHABLE
    assert "no route" in capsys.readouterr().err
    assert streaming.bodies == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "chta"], "did you mean `chat`?"),
        (["--client", "nobody"], "there is no client 'nobody'"),
        (["--prompt-tokens", "500"], "500 and 128 are more than the 480 that chat has"),
        (["--shared-tokens", "300"], "300 of a prompt of 256"),
    ],
)
def test_what_does_not_fit_is_7_and_nothing_is_sent(
    bench: Bench, streaming: Script, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*words) == ExitCode.REFUSED
    assert said in capsys.readouterr().err
    assert streaming.bodies == []


@pytest.mark.parametrize(
    "words",
    [
        ["--concurrency", "0"],
        ["--concurrency", "1,,2"],
        ["--concurrency", "5000"],
        ["--rate", "fast"],
        ["--rate", "0"],
        ["--profile", "peak"],
        ["--profile", "flat", "--rate", "1"],
        ["--prompt-tokens", "gamma:1:2"],
        ["--completion-tokens", "uniform:9:3"],
        ["--seconds", "0"],
        ["--seconds", "inf"],
        ["--warm-up", "inf"],
        ["--idle-seconds", "inf"],
        ["--timeout", "1000000"],
    ],
)
def test_words_that_mean_nothing_are_64(
    bench: Bench, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*words) == ExitCode.MISUSE
    assert "error: " in capsys.readouterr().err


def test_a_gateway_that_is_not_there_is_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    applied(tmp_path, 1, monkeypatch)
    assert exit_code(["bench", "small", *CLOSED]) == ExitCode.HOST_UNREACHABLE
    assert "error: http://127.0.0.1:1: " in capsys.readouterr().err


@pytest.mark.usefixtures("brief_runs")
@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([plain(401, b"who?")], "401: who?"),
        ([*ANSWERS[:2], plain(429, b"slow down")], "nothing was answered"),
        ([*ANSWERS[:2], chunked(stop(), usage(9, 1), DONE, headers=b"")], "nothing was answered"),
    ],
)
def test_a_gateway_that_gives_no_answer_is_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    replies: list[list[bytes]],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with streaming_gateway(replies) as gateway:
        applied(tmp_path, gateway.port, monkeypatch)
        assert exit_code(["bench", "small", *CLOSED]) == ExitCode.OPERATION_FAILED
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("brief_runs")
def test_an_engine_that_counts_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = chunked(text("a"), text("b"), stop(), DONE, headers=b"")
    with streaming_gateway([silent]) as gateway:
        applied(tmp_path, gateway.port, monkeypatch)
        assert exit_code(["bench", "small", *CLOSED]) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "no usage: their events were counted as tokens" in told
