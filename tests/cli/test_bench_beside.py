"""`homeport bench --beside PROGRAM`, with programs of these names that are the test's own."""

import json
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.checks.benchmarks.scripted_server import Script
from tests.checks.benchmarks.second_opinions.other_client import program, writes
from tests.cli.bench_gateway import CLOSED, SHORT, Bench


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder before the system's own on the PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def written(root: Path) -> list[dict[str, object]]:
    """The opinions of the one benchmark that is kept."""
    (path,) = (root / ".homeport" / "bench" / "small").glob("*/*.json")
    found: list[dict[str, object]] = json.loads(path.read_text())["second_opinions"]
    return found


def test_an_opinion_stands_beside_each_closed_loop(
    bench: Bench, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(programs, *writes("aiperf"))
    words = (*SHORT, "--concurrency", "1,2", "--rate", "20", "--beside", "aiperf")
    assert bench(*words) == ExitCode.DONE
    found = written(tmp_path)
    assert [one["load"] for one in found] == ["1 user", "2 users"]
    assert found[0] == {
        "program": "aiperf", "version": "0.13.0", "load": "1 user", "answers": 20,
        "first_p50_ms": 51.0, "first_p99_ms": 60.0, "token_p50_ms": 10.0,
        "total_p50_ms": 1041.0, "total_p99_ms": 1090.0,
    }  # fmt: skip
    assert "1 user by aiperf: 20 answers, first token p50 51.0 ms (here " in capsys.readouterr().out


def test_an_opinion_that_does_not_come_is_1_and_the_own_figures_are_kept(
    bench: Bench, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(programs, "sys.exit('no such model')")
    assert bench(*CLOSED, "--beside", "aiperf") == ExitCode.OPERATION_FAILED
    assert "error: aiperf ended with 1: no such model" in capsys.readouterr().err
    (found,) = written(tmp_path)
    assert "no such model" in str(found["error"])


def test_what_was_measured_is_kept_before_another_client_is_asked(
    bench: Bench, programs: Path, tmp_path: Path
) -> None:
    """Whoever ends it, since it takes so long, loses nothing."""
    kept = tmp_path / ".homeport" / "bench" / "small"
    program(programs, f"sys.exit(len([*pathlib.Path({str(kept)!r}).glob('*/*.json')]) and 77)")
    assert bench(*CLOSED, "--beside", "aiperf") == ExitCode.OPERATION_FAILED
    (found,) = written(tmp_path)
    assert "aiperf ended with 77" in str(found["error"])


@pytest.mark.parametrize("name", ["guidellm", "vllm"])
def test_each_program_that_is_known_is_asked(
    bench: Bench, programs: Path, tmp_path: Path, name: str
) -> None:
    program(programs, *writes(name), name=name)
    assert bench(*CLOSED, "--beside", name) == ExitCode.DONE
    (found,) = written(tmp_path)
    assert (found["program"], found["answers"]) == (name, 7)


def test_a_version_that_was_not_tried_is_7_before_anything_is_sent(
    bench: Bench, programs: Path, streaming: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    program(programs, *writes("vllm"), name="vllm", says="0.31.2")
    assert bench(*CLOSED, "--beside", "vllm") == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "is 0.31.2; 0.32 was tried" in said
    assert "pip install 'vllm[bench]==0.32.*'" in said
    assert streaming.bodies == []


@pytest.mark.usefixtures("programs")
def test_a_program_that_is_not_there_is_7_before_anything_is_sent(
    bench: Bench, streaming: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*CLOSED, "--beside", "aiperf") == ExitCode.REFUSED
    assert "there is no program aiperf" in capsys.readouterr().err
    assert streaming.bodies == []


@pytest.mark.parametrize(
    "words", [(*CLOSED, "--beside", "hey"), ("--rate", "1", "--beside", "aiperf")]
)
def test_another_program_and_an_open_loop_are_64(bench: Bench, words: tuple[str, ...]) -> None:
    assert bench(*words) == ExitCode.MISUSE
