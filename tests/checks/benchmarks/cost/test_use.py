"""How much a model is used, by lines of gateways' logs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.benchmarks.cost.use import Logged, covered_seconds, logged, use

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LINE = json.loads(
    (Path(__file__).parents[2] / "traffic" / "access.log").read_text().splitlines()[0]
)


def _line(**changes: object) -> str:
    answer = {"pool": "chat", "replica": "172.18.0.11:8080", "provider": "fleet", "status": 200}
    return json.dumps({**LINE, **answer, "tokens": "100", "cache": "", **changes})


def test_what_replicas_answered_is_counted_and_nothing_else() -> None:
    lines = [
        _line(),
        _line(tokens=""),
        _line(status=429),
        _line(status=502),
        _line(pool="embed"),
        _line(provider="acme"),
        _line(cache="hit", tokens="0"),
        _line(provider="", replica=""),
        "nginx says something",
    ]
    assert logged(lines, {"chat"}, 36_000) == Logged(2, 1, 100, 36_000)


def test_a_log_that_begins_later_than_was_asked_for_covers_less() -> None:
    """Docker keeps so many bytes, not so many days."""
    begin = NOW - timedelta(hours=10)
    assert covered_seconds(begin, 7 * 86_400, NOW) == 36_000
    assert covered_seconds(begin, 7200, NOW) == 7200


def test_a_log_that_has_just_begun_is_not_a_month_of_it() -> None:
    assert covered_seconds(NOW, 86_400, NOW) == 3600


def test_an_empty_log_is_no_use() -> None:
    assert covered_seconds(None, 7200, NOW) == 7200
    found = use([logged([], {"chat"}, 7200)], 3, 400)
    assert (found.millions_per_month, found.estimated) == (0, False)


def test_a_month_by_hand() -> None:
    """100 answers in an hour: 73,000 in 730 of them; 400 tokens each, a quarter of them answers."""
    found = use([Logged(100, 100, 40_000, 3600)], 3, 999)
    assert found.millions_per_month == pytest.approx(7.3)
    assert (found.tokens_per_answer, found.estimated) == (400, False)


def test_answers_that_were_not_counted_are_as_long_as_those_that_were() -> None:
    assert use([Logged(100, 50, 20_000, 3600)], 3, 999).millions_per_month == pytest.approx(7.3)


def test_without_any_count_answers_are_those_of_the_benchmark() -> None:
    found = use([Logged(100, 0, 0, 3600)], 3, 400)
    assert found.millions_per_month == pytest.approx(7.3)
    assert found.estimated


def test_gateways_add_up_each_over_its_own_time() -> None:
    found = use([Logged(50, 50, 20_000, 3600), Logged(100, 100, 40_000, 7200)], 3, 999)
    assert found.millions_per_month == pytest.approx(7.3)
    assert (found.answers, found.seconds) == (150, 7200)
