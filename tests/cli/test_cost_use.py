"""The verb `cost`, where it asks the gateways' logs how much a model is used."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from checks.probes.host import Unreachable
from deploys.cli import cost_use
from deploys.cli.exit_codes import ExitCode
from tests.cli.cost_desk import BY_HAND, Cost, logs, told_as_json

DAY = "2026-11-26T00:00:00+00:00"
LINE = (
    '{"time": "2026-11-26T00:00:00+00:00", "request_id": "a", "client": "demo", "status": 200, '
    '"bytes": 1, "pool": "chat", "replica": "172.18.0.2:8080", "provider": "fleet", "reason": "", '
    '"connect_seconds": "0.001", "first_byte_seconds": "0.1", "upstream_seconds": "0.2", '
    '"seconds": 0.2, "tokens": "%s", "connection": 1}'
)


def test_use_is_what_the_gateways_logs_say(
    cost: Cost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all the time that the log covers, however late in it the first request came."""
    asked = logs(monkeypatch, datetime(2026, 1, 1, tzinfo=UTC), LINE % "400", LINE % "")
    assert cost(*BY_HAND, "--since", "1h", "--json") == ExitCode.DONE
    found = told_as_json(capsys)
    assert asked == ["3600s"]
    # Two answers of 400 tokens in an hour, 100 of each its own: 730 times 200.
    assert found["use_millions_per_month"] == pytest.approx(0.146)
    assert (found["use"]["counted"], found["unreachable"]) == (1, [])
    assert any("count the tokens of 1 of them" in words for words in found["told"])


def test_hours_before_the_first_request_are_use_and_those_before_the_log_are_not(
    cost: Cost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    line = (LINE % "400").replace(DAY, now.isoformat())
    logs(monkeypatch, now - timedelta(hours=10), line)
    assert cost(*BY_HAND, "--since", "7d", "--json") == ExitCode.DONE
    assert told_as_json(capsys)["use"]["seconds"] == pytest.approx(36_000, abs=300)


def test_a_log_that_counts_no_tokens_is_told(
    cost: Cost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs(monkeypatch, None, LINE % "")
    assert cost(*BY_HAND, "--since", "1h") == ExitCode.DONE
    assert "the logs count no tokens, so an answer is taken for 400" in capsys.readouterr().out


def test_a_model_that_nobody_asks_has_no_price_at_use(
    cost: Cost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs(monkeypatch, None)
    assert cost(*BY_HAND, "--since", "1h") == ExitCode.DONE
    told = capsys.readouterr().out
    assert "use: no answer, so that there is no token that could have a price" in told
    assert "at use" not in told


def test_a_gateway_that_cannot_be_asked_is_4_and_is_not_taken_for_no_use(
    cost: Cost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_: object) -> None:
        raise Unreachable("localhost", "no route")

    monkeypatch.setattr(cost_use, "log_begin", lost)
    assert cost(*BY_HAND, "--json") == ExitCode.HOST_UNREACHABLE
    told = capsys.readouterr()
    assert "localhost is unreachable: no route" in told.err
    found = json.loads(told.out)
    assert (found["use"], found["use_millions_per_month"], found["at_use"]) == (None, None, None)
    assert found["unreachable"] == ["localhost"]
    assert found["at_capacity"]["whole"] > 0
    assert [words for words in found["told"] if words.startswith("use: ")] == [
        "use: without what localhost has served, which could not be asked",
        "use: no gateway could be asked, so that nobody knows",
    ]
