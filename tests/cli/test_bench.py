"""The verb `bench`, against a gateway on loopback that streams what a test has written."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checks.benchmarks.client import limits
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.batch.desk import settled
from tests.batch.scripted_gateway import ScriptedGateway
from tests.checks.benchmarks.scripted_server import Script, chunked, plain, stop, text
from tests.cli.bench_gateway import ANSWERS, DONE, streaming_gateway, usage

SHORT = ("--seconds", "0.3", "--warm-up", "0", "--runs", "1", "--prompt-tokens", "64")
CLOSED = (*SHORT, "--concurrency", "1")


@pytest.fixture
def gateway() -> Iterator[Script]:
    """Streams four words to each request."""
    with streaming_gateway() as found:
        yield found


Bench = Callable[..., int]


@pytest.fixture
def bench(tmp_path: Path, gateway: Script, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """`homeport bench small` with these words, in an environment whose gateway this is."""
    settled(tmp_path, ScriptedGateway(port=gateway.port), {}, monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    # The machine of a test may be busy with others, and what comes from loopback comes at once.
    for name in ("MOST_CORE_SHARE", "MOST_LAG_SECONDS", "MOST_SEND_SECONDS"):
        monkeypatch.setattr(limits, name, 1e9)
    return lambda *words: exit_code(["bench", "small", *words])


def kept(root: Path) -> list[Path]:
    """Every benchmark, oldest first."""
    return sorted((root / ".homeport" / "bench" / "small").glob("*/*.json"))


def test_a_sweep_is_measured_shown_and_kept(
    bench: Bench, gateway: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*SHORT, "--concurrency", "1,2", "--rate", "20") == ExitCode.DONE
    told = capsys.readouterr().out
    for words in ("1 user", "2 users", "20/s", "first token p50", "capacity: "):
        assert words in told
    (path,) = kept(tmp_path)
    assert str(path) in told
    document = json.loads(path.read_text())
    assert document["schema"] == 1
    assert document["tokens_per_word"] == 1.5
    assert document["gateway_releases"] == ["abc"]
    loads = {one["load"]: one for one in document["loads"]}
    assert loads["1 user"]["completion_tokens"] == 4
    assert set(loads["1 user"]["outcomes"]) == {"answered"}
    lines = path.with_suffix(".csv").read_text().splitlines()
    assert len(lines) == 1 + sum(one["requests"] for one in document["loads"])
    body = json.loads(gateway.bodies[-1])
    # 64 tokens less the template's 10, at 1.5 tokens a word, and the nonce.
    assert len(body["messages"][0]["content"].split()) == 1 + 36
    assert b"Authorization: Bearer key-of-the-batch" in gateway.heads[-1]


def test_json_says_the_same_to_a_program(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*CLOSED, "--json") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == json.loads(kept(tmp_path)[0].read_text())


def _earlier(root: Path, faster: float) -> None:
    """What was measured now, as another release's that was so much faster."""
    path = kept(root)[0]
    document = json.loads(path.read_text()) | {"fleet": "before", "time": "2020-01-01T00:00:00Z"}
    heads, *lines = path.with_suffix(".csv").read_text().splitlines()
    columns = heads.split(",")
    changed = []
    for line in lines:
        cells = dict(zip(columns, line.split(","), strict=True))
        for name in ("first_token_seconds", "token_seconds", "total_seconds"):
            cells[name] = str(float(cells[name]) / faster)
        changed.append(",".join(cells.values()))
    for one in document["loads"]:
        for run in one["runs"]:
            run["tokens_per_second"] = [rate * faster for rate in run["tokens_per_second"]]
    where = root / ".homeport" / "bench" / "small" / "before"
    where.mkdir()
    (where / "2020.csv").write_text("\n".join([heads, *changed]) + "\n")
    (where / "2020.json").write_text(json.dumps(document))


def test_a_release_that_is_much_slower_than_the_last_one_is_5(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand times: whatever else this machine does meanwhile."""
    assert bench(*CLOSED) == ExitCode.DONE
    _earlier(tmp_path, faster=1000)
    capsys.readouterr()
    assert bench(*CLOSED) == ExitCode.VERIFICATION_FAILED
    told = capsys.readouterr().out
    assert "against before of 2020-01-01" in told
    assert "regressed: 1 user, first token p50" in told
    newest = max(kept(tmp_path), key=lambda path: path.stat().st_mtime_ns)
    gate = json.loads(newest.read_text())["gate"]
    assert gate["fleet"] == "before"
    assert "regressed" in {one["verdict"] for one in gate["findings"]}
    assert bench(*CLOSED, "--against", "none") == ExitCode.DONE


def test_a_release_that_is_much_faster_passes(bench: Bench, tmp_path: Path) -> None:
    assert bench(*CLOSED) == ExitCode.DONE
    _earlier(tmp_path, faster=0.001)
    assert bench(*CLOSED) == ExitCode.DONE


def test_a_release_that_was_never_measured_is_7(
    bench: Bench, gateway: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*CLOSED, "--against", "0123") == ExitCode.REFUSED
    assert "no benchmark of 0123 with this workload" in capsys.readouterr().err
    assert gateway.bodies == []


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
    bench: Bench, gateway: Script, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*words) == ExitCode.REFUSED
    assert said in capsys.readouterr().err
    assert gateway.bodies == []


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
    settled(tmp_path, ScriptedGateway(port=1), {}, monkeypatch)
    assert exit_code(["bench", "small", *CLOSED]) == ExitCode.HOST_UNREACHABLE
    assert "error: http://127.0.0.1:1: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([plain(401, b"who?")], "401: who?"),
        ([*ANSWERS[:2], plain(429, b"slow down")], "nothing was answered"),
        ([*ANSWERS[:2], chunked(stop(), usage(9, 1), DONE)], "nothing was answered"),
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
        settled(tmp_path, ScriptedGateway(port=gateway.port), {}, monkeypatch)
        assert exit_code(["bench", "small", *CLOSED]) == ExitCode.OPERATION_FAILED
    assert words in capsys.readouterr().err


def test_an_engine_that_counts_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = chunked(text("a"), text("b"), stop(), DONE)
    with streaming_gateway([silent]) as gateway:
        settled(tmp_path, ScriptedGateway(port=gateway.port), {}, monkeypatch)
        assert exit_code(["bench", "small", *CLOSED]) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "no usage: their events were counted as tokens" in told
