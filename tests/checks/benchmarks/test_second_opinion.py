"""Another client's opinion, from a program that does what aiperf does with its configuration."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.benchmarks import second_opinion
from checks.benchmarks.second_opinion import NoOpinion, Question, Told, configuration, opinion, read
from tests.checks.benchmarks.other_client import EXPORT, WRITES, program

QUESTION = Question(
    "http://127.0.0.1:1", "/v1/chat/completions", "chat", "key-of-a-test", 2,
    [b'{"n": %d}' % number for number in range(5)], timeout_seconds=20,
)  # fmt: skip


def test_what_the_program_exports_is_its_opinion(tmp_path: Path) -> None:
    place = tmp_path / "place"
    assert opinion(program(tmp_path, *WRITES), QUESTION, place) == Told(20, 51, 60, 10, 1041, 1090)
    assert (place / "bodies.jsonl").read_bytes().splitlines() == QUESTION.bodies


def test_the_key_is_in_its_environment_and_in_no_file_or_argument(tmp_path: Path) -> None:
    place = tmp_path / "place"
    opinion(program(tmp_path, *WRITES), QUESTION, place)
    seen, *arguments = (place / "seen").read_text().split()
    assert seen == QUESTION.key
    assert QUESTION.key not in " ".join(arguments)
    files = [path for path in place.rglob("*") if path.is_file() and path.name != "seen"]
    assert len(files) > 3
    assert not [path for path in files if QUESTION.key in path.read_text()]


def test_the_gateway_is_asked_for_nothing_but_answers(tmp_path: Path) -> None:
    words = configuration(QUESTION, tmp_path)["benchmark"]
    assert words["server_metrics"] == words["gpu_telemetry"] == {"enabled": False}


def test_every_body_is_sent_once_the_first_of_each_user_as_warm_up(tmp_path: Path) -> None:
    warm_up, judged = configuration(QUESTION, tmp_path)["benchmark"]["phases"]
    assert (warm_up["requests"], warm_up["exclude_from_results"]) == (2, True)
    assert (judged["requests"], judged["concurrency"]) == (3, 2)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["sys.exit('no such model')"], "ended with 1: no such model"),
        (["pass"], "FileNotFoundError"),
        ([*WRITES[:-1], "(found / 'profile_export_aiperf.json').write_text('{')"], "JSONDecode"),
        ([*WRITES[:-1], "(found / 'profile_export_aiperf.json').write_text('{}')"], "KeyError"),
    ],
)
def test_a_program_that_fails_has_no_opinion(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(NoOpinion, match=words):
        opinion(program(tmp_path, *lines), QUESTION, tmp_path / "place")


def test_a_program_that_is_given_up_leaves_none_of_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts a dozen, which would go on asking the gateway and hold what it prints."""
    monkeypatch.setattr(second_opinion, "BESIDES_SECONDS", 0)
    lines = (
        "import subprocess",
        "child = subprocess.Popen(['sleep', '60'])",
        "pathlib.Path('child').write_text(str(child.pid))",
        "child.wait()",
    )
    place = tmp_path / "place"
    with pytest.raises(NoOpinion, match="TimeoutExpired"):
        opinion(program(tmp_path, *lines), replace(QUESTION, timeout_seconds=3), place)
    child, end = int((place / "child").read_text()), time.monotonic() + 20
    while _runs(child):
        assert time.monotonic() < end
        time.sleep(0.01)


def _runs(process: int) -> bool:
    """An orphan that was killed may wait for somebody to read its status."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_key_is_not_in_what_is_told_of_its_end(tmp_path: Path) -> None:
    where = program(tmp_path, "sys.exit('401 for Bearer ' + os.environ['OPENAI_API_KEY'])")
    with pytest.raises(NoOpinion, match="401 for Bearer <key>"):
        opinion(where, QUESTION, tmp_path / "place")


def test_times_in_another_unit_are_not_taken_for_milliseconds() -> None:
    assert read(EXPORT).total_p50_ms == 1041
    export: dict[str, Any] = {**EXPORT, "request_latency": {"unit": "s", "p50": 1, "p99": 2}}
    with pytest.raises(ValueError, match="other units than ms: ms, s"):
        read(export)
