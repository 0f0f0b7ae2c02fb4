"""Another client's opinion, from a program that does what aiperf does with its configuration."""

from pathlib import Path
from typing import Any

import pytest

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


def test_times_in_another_unit_are_not_taken_for_milliseconds() -> None:
    assert read(EXPORT).total_p50_ms == 1041
    export: dict[str, Any] = {**EXPORT, "request_latency": {"unit": "s", "p50": 1, "p99": 2}}
    with pytest.raises(ValueError, match="other units than ms: ms, s"):
        read(export)
