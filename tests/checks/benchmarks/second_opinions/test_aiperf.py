"""What aiperf is asked, and how its export is read."""

import json
from pathlib import Path
from typing import Any

import pytest

from checks.benchmarks.second_opinions.aiperf import AIPERF, configuration, told
from checks.benchmarks.second_opinions.question import Told
from tests.checks.benchmarks.second_opinions.other_client import recorded
from tests.checks.benchmarks.second_opinions.test_adapter import QUESTION


def test_the_gateway_is_asked_for_nothing_but_answers(tmp_path: Path) -> None:
    words = configuration(QUESTION, tmp_path)["benchmark"]
    assert words["server_metrics"] == words["gpu_telemetry"] == {"enabled": False}


def test_every_body_is_sent_as_it_is_the_first_of_each_user_as_warm_up(tmp_path: Path) -> None:
    AIPERF.write(QUESTION, tmp_path)
    assert (tmp_path / "bodies.jsonl").read_bytes().splitlines() == QUESTION.bodies
    warm_up, judged = configuration(QUESTION, tmp_path)["benchmark"]["phases"]
    assert (warm_up["requests"], warm_up["exclude_from_results"]) == (2, True)
    assert (judged["requests"], judged["concurrency"]) == (3, 2)


def test_times_in_another_unit_are_not_taken_for_milliseconds() -> None:
    export: dict[str, Any] = json.loads(recorded("aiperf"))
    assert isinstance(told(export), Told)
    export["request_latency"] = {"unit": "s", "p50": 1, "p99": 2}
    with pytest.raises(ValueError, match="other units than ms: ms, s"):
        told(export)
