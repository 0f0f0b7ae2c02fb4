"""The verb `bench`, against a gateway on loopback that streams what a test has written."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from checks.benchmarks.load.point import Load, Point
from deploys.cli import bench as verb
from deploys.cli.exit_codes import ExitCode
from tests.checks.benchmarks.releases import release
from tests.checks.benchmarks.scripted_server import Script
from tests.cli.bench_gateway import CLOSED, SHORT, Bench


def kept(root: Path) -> list[Path]:
    """Every benchmark, oldest first."""
    return sorted((root / ".homeport" / "bench" / "small").glob("*/*.json"))


def test_a_sweep_is_measured_shown_and_kept(
    bench: Bench, streaming: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
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
    assert document["gateway_releases"] == []
    loads = {one["load"]: one for one in document["loads"]}
    assert loads["1 user"]["tokens"]["completion"] == 4
    assert set(loads["1 user"]["outcomes"]) == {"answered"}
    assert "Until the first token, ms" in path.with_suffix(".html").read_text()
    lines = path.with_suffix(".csv").read_text().splitlines()
    assert len(lines) == 1 + sum(one["requests"] for one in document["loads"])
    body = json.loads(streaming.bodies[-1])
    # 64 tokens less the template's 10, at 1.5 tokens a word, and the nonce.
    assert len(body["messages"][0]["content"].split()) == 1 + 36
    assert b"Authorization: Bearer key-of-the-batch" in streaming.heads[-1]


def test_a_peak_is_shown_over_time(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(*SHORT, "--rate", "360000/h", "--profile", "peak", "--runs", "2") == ExitCode.DONE
    told = capsys.readouterr().out
    assert "first token p95, worst run" in told
    assert len(re.findall(r"from \d", told)) == 10


def test_no_figure_is_cut_on_a_narrow_terminal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """First tokens that come after half a minute, on top of a load with a long name."""
    monkeypatch.setenv("COLUMNS", "80")
    _found(monkeypatch, seed=1, slower=300)
    assert bench(*SHORT, "--rate", "50000/h", "--profile", "peak") == ExitCode.DONE
    told = capsys.readouterr().out
    assert re.search(r"13\.889/s peak +30,\d{3} ", told)
    assert "\u2026" not in told


def test_the_table_of_times_has_both_totals_in_80_columns(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Answers that end after minutes; each figure stands in the line of its load."""
    monkeypatch.setenv("COLUMNS", "80")
    _found(monkeypatch, seed=1, slower=1000)
    assert bench(*SHORT, "--rate", "50000/h", "--profile", "peak") == ExitCode.DONE
    lines = capsys.readouterr().out.splitlines()
    (heading,) = (number for number, line in enumerate(lines) if line.startswith("ms "))
    table = lines[heading - 2 : heading + 2]
    assert max(map(len, table)) <= 80
    assert lines[heading].split() == ["ms", "p50", "p95", "p99", "p50", "p95", "p99", "p50", "p95"]
    assert lines[heading - 1].split() == ["token", "token", "gap", "total"]
    (load,) = json.loads(kept(tmp_path)[0].read_text())["loads"]
    totals = [load["latency"]["total"][name]["value"] * 1000 for name in ("p50", "p95")]
    figures = lines[heading + 1].removeprefix("13.889/s peak").split()
    assert len(figures) == 8
    assert [one.strip("()") for one in figures[-2:]] == [f"{one:,.0f}" for one in totals]
    assert min(totals) > 100_000


def test_json_says_the_same_to_a_program(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*CLOSED, "--json") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == json.loads(kept(tmp_path)[0].read_text())


def _found(monkeypatch: pytest.MonkeyPatch, seed: int, slower: float) -> None:
    """Has all loads been measured with made-up answers."""

    async def measured(_: object, loads: Sequence[Load], *__: object) -> list[Point]:
        return [Point(load, release(seed, slower, requests=200).runs) for load in loads]

    monkeypatch.setattr(verb, "measure", measured)


def _before(root: Path) -> None:
    """What is kept becomes another release's, of long ago."""
    (path,) = kept(root)
    document = json.loads(path.read_text()) | {"fleet": "before", "time": "2020-01-01T00:00:00Z"}
    where = path.parent.with_name("before")
    path.parent.rename(where)
    (where / path.name).write_text(json.dumps(document))


def test_a_release_that_is_slower_than_the_last_one_is_5(
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _found(monkeypatch, seed=1, slower=1)
    assert bench(*CLOSED) == ExitCode.DONE
    _before(tmp_path)
    _found(monkeypatch, seed=2, slower=1.5)
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


@pytest.mark.parametrize("slower", [1, 0.5])
def test_a_release_that_is_the_same_or_faster_passes(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slower: float
) -> None:
    _found(monkeypatch, seed=1, slower=1)
    assert bench(*CLOSED) == ExitCode.DONE
    _before(tmp_path)
    _found(monkeypatch, seed=2, slower=slower)
    assert bench(*CLOSED) == ExitCode.DONE
