"""`homeport report`: what is kept, and two of them compared."""

import json
from pathlib import Path

import pytest

from checks.reports.kept import folder, keep
from checks.reports.words import Report
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.checks.reports.examples import benchmark, check, report
from tests.environments import write_environment

OLD = report(check("a"), check("b", "failed"), benchmarks=[benchmark(100)])
NEW = report(
    check("a", "failed"),
    check("b"),
    check("c"),
    benchmarks=[benchmark(150)],
    fleet="ba9876543210",
    time="2026-11-27T12:00:00.000Z",
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the environment `small`."""
    write_environment(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def kept(root: Path, found: Report) -> str:
    """One report on the disk."""
    junit = root / "junit.xml"
    junit.touch()
    return str(keep(folder(root, "small"), found, "", junit))


def test_a_comparison_tells_red_green_new_and_figures_and_ends_with_5(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = kept(root, OLD), kept(root, NEW)
    assert exit_code(["report", "compare", old, new]) == ExitCode.VERIFICATION_FAILED
    said = capsys.readouterr().out
    for words in (
        "old: release 0123456789ab at 2026-11-26T12:00:00.000Z, exit code 5",
        "became red: 1\n  hosts: a (gpu1): failed\n    it is not so",
        "became green: 1\n  hosts: b (gpu1): passed",
        "new: 1\n  hosts: c (gpu1): passed",
        "lab: 1 became red, 1 green, 0 still red",
    ):
        assert words in said
    (line,) = (line for line in said.splitlines() if "first token p50" in line)
    assert line.split()[-3:] == ["100", "150", "+50%"]


def test_a_comparison_in_which_nothing_became_red_ends_with_0(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, mended = kept(root, OLD), kept(root, report(check("a"), check("b"), time=NEW.time))
    assert exit_code(["report", "compare", old, mended, "--json"]) == ExitCode.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert [one["check"] for one in document["became_green"]] == ["b"]
    assert exit_code(["report", "compare", old, old]) == ExitCode.DONE
    assert "still red: 1" in capsys.readouterr().out


def test_a_comparison_is_written_as_a_page_on_request(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, page = kept(root, OLD), kept(root, NEW), root / "page.html"
    assert exit_code(["report", "compare", old, new, "--page", str(page)]) == 5
    assert "lab: 1 became red, 1 green, 0 still red" in page.read_text()
    assert exit_code(["report", "compare", old, new, "--page", str(root)]) == ExitCode.REFUSED
    assert f"error: {root}: cannot be written: Is a directory" in capsys.readouterr().err


def test_what_a_file_says_moves_no_cursor(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = kept(root, OLD), kept(root, report(check("x\x1b[2J", "failed"), time=NEW.time))
    assert exit_code(["report", "compare", old, new]) == ExitCode.VERIFICATION_FAILED
    assert "\x1b[2J" not in capsys.readouterr().out


def test_what_cannot_be_compared_is_refused_with_7(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = kept(root, OLD)
    half = root / "half.json"
    half.write_text(Path(old).read_text()[:300])
    newer = root / "newer.json"
    newer.write_text(Path(old).read_text().replace('"schema": 1', '"schema": 2'))
    assert exit_code(["report", "compare", str(half), str(newer)]) == ExitCode.REFUSED
    told = capsys.readouterr().err
    assert told.count("error: ") == told.count("hint: ") == 2
    assert f"error: {half}: cannot be read: " in told
    assert f"error: {newer}: is no report of schema 1, but of '2'" in told

    other = kept(root, NEW.model_copy(update={"environment": "production"}))
    assert exit_code(["report", "compare", old, other]) == ExitCode.REFUSED
    assert "one is of `lab`, the other of `production`" in capsys.readouterr().err
    assert exit_code(["report", "compare", old]) == ExitCode.MISUSE


def test_kept_reports_are_listed_the_oldest_first(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["report", "list", "small"]) == ExitCode.DONE
    assert "homeport verify small --report" in capsys.readouterr().out
    new, old = kept(root, NEW), kept(root, OLD)
    assert exit_code(["report", "list", "small"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert said.index("1 of 2 checks failed") < said.index("1 of 3 checks failed")
    assert said.splitlines()[-2:] == [old, new]
    assert exit_code(["report", "list", "small", "--json"]) == ExitCode.DONE
    assert [one["path"] for one in json.loads(capsys.readouterr().out)] == [old, new]
    assert exit_code(["report", "list", "nowhere"]) == ExitCode.MISUSE


def test_a_broken_file_hides_no_other_from_the_list(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, broken = kept(root, NEW), kept(root, OLD)
    Path(broken).write_text("{")
    assert exit_code(["report", "list", "small"]) == ExitCode.REFUSED
    said = capsys.readouterr()
    assert good in said.out
    assert f"error: {broken}: cannot be read" in said.err
