"""The verb `cost`: prices of tokens by hand, by a kept benchmark, and by the gateways' logs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.probes.host import Unreachable
from deploys.cli import cost_use
from deploys.cli.exit_codes import ExitCode
from tests.cli.cost_desk import (
    BY_HAND,
    COST,
    HOST_COST,
    PRICE,
    benchmark,
    desk,
    on_a_gpu,
    prices,
    with_energy,
)  # fmt: skip

OFFLINE = ("--since", "none")
USED = ("--million-tokens-per-month", "10")
LINE = (
    '{"time": "2026-11-26T00:00:00+00:00", "request_id": "a", "client": "demo", "status": 200, '
    '"bytes": 1, "pool": "chat", "replica": "172.18.0.2:8080", "provider": "fleet", "reason": "", '
    '"connect_seconds": "0.001", "first_byte_seconds": "0.1", "upstream_seconds": "0.2", '
    '"seconds": 0.2, "tokens": "%s", "connection": 1}'
)


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_example_by_hand_is_told_shown_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every figure of it was calculated in tests/checks/benchmarks/cost."""
    cost = desk(tmp_path, monkeypatch)
    assert cost(*BY_HAND, *USED, "--prompt-weight", "0.25") == ExitCode.DONE
    told = capsys.readouterr().out
    for words in (
        "chat, EUR for a million tokens",
        "measured: 1000 tokens/s by hand",
        "acme large: own is cheaper from 18.4 to 2,628.0 million tokens a month",
        "321.90",
        "tokens a month",
    ):
        assert words in told
    rows = {line.split("  ")[0]: line.split()[-3:] for line in told.splitlines() if line}
    assert rows["at capacity"] == ["0.0211", "0.0843", "0.147"]
    assert rows["at use (0.38% of it)"] == ["4.60", "18.41", "32.21"]
    (page,) = (tmp_path / ".homeport" / "cost" / "small").glob("*.html")
    assert str(page) in told
    assert "own is cheaper from 18.4 to 2,628.0" in page.read_text()
    kept = json.loads(page.with_suffix(".json").read_text())
    assert kept["break_even"][0]["source"] == PRICE["source"]


def test_json_says_the_same_to_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch)
    assert cost(*BY_HAND, *USED, "--json") == ExitCode.DONE
    found = _json(capsys)
    assert (found["schema"], found["currency"], found["model"]) == (1, "EUR", "chat")
    assert found["month"]["total"] == pytest.approx(321.90)
    assert found["marginal_per_million"] == pytest.approx(0.025)
    assert found["at_use"]["whole"] == pytest.approx(32.215)
    assert found["break_even"][0]["millions_per_month"] == pytest.approx(18.4206, abs=1e-4)
    (kept,) = (tmp_path / ".homeport" / "cost" / "small").glob("*.json")
    assert json.loads(kept.read_text()) == found


def test_a_kept_benchmark_says_capacity_and_lengths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch)
    path = benchmark(tmp_path)
    rate = json.loads(path.read_text())["capacity"]["tokens_per_second"]
    assert cost(*OFFLINE, "--json") == ExitCode.DONE
    found = _json(capsys)
    assert found["capacity"]["tokens_per_second"] == rate > 100
    assert found["capacity"]["prompt_ratio"] == pytest.approx(20 / 11)
    assert found["basis"].startswith("4 users, release ")
    assert found["at_use"] is None
    assert not [words for words in found["told"] if "is committed" in words]


def test_a_benchmark_of_another_release_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch)
    benchmark(tmp_path, fleet="before")
    assert cost(*OFFLINE, "--json") == ExitCode.DONE
    assert any("is committed, not before" in words for words in _json(capsys)["told"])


def test_what_gpus_took_in_the_benchmark_is_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """100 W of the host and 60 W of the GPU wait; 300 W and 240 W more work."""
    cost = desk(tmp_path, monkeypatch)
    path = benchmark(tmp_path)
    with_energy(path, "GPU-a", 60, 300)
    on_a_gpu(tmp_path, "GPU-a")
    assert cost(*OFFLINE, "--json") == ExitCode.DONE
    found = _json(capsys)
    (machine,) = found["fleet"]["machines"]
    assert (machine["idle_watts"], machine["load_watts"]) == pytest.approx((160, 700))
    assert "localhost: GPU-a: energy counter" in found["told"]
    assert "energy: seen" in found["told"]


def test_the_operators_figure_counts_where_nothing_was_measured_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host = {**HOST_COST, "gpu_watts": {"idle": 50, "load": 250}}
    cost = desk(tmp_path, monkeypatch, {"host_cost": host})
    on_a_gpu(tmp_path, "GPU-a")
    assert cost(*BY_HAND, *USED, "--json") == ExitCode.DONE
    found = _json(capsys)
    (machine,) = found["fleet"]["machines"]
    assert (machine["idle_watts"], machine["load_watts"]) == pytest.approx((150, 650))
    assert "localhost: GPU-a: the operator's figure" in found["told"]


def test_use_is_what_the_gateways_logs_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of the last hours: whatever the clock of this machine says, they began once."""
    asked: list[str] = []

    def log(_host: object, _project: str, since: str) -> Iterator[str]:
        asked.append(since)
        return iter([LINE % "400", LINE % ""])

    monkeypatch.setattr(cost_use, "access_log", log)
    cost = desk(tmp_path, monkeypatch)
    assert cost(*BY_HAND, "--since", "1h", "--json") == ExitCode.DONE
    found = _json(capsys)
    assert asked == ["3600s"]
    # Two answers of 400 tokens in an hour, 100 of each its own: 730 times 200.
    assert found["use_millions_per_month"] == pytest.approx(0.146)
    assert found["use"]["counted"] == 1
    assert any("count the tokens of 1 of them" in words for words in found["told"])


def test_a_log_that_counts_no_tokens_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cost_use, "access_log", lambda *_: iter([LINE % ""]))
    cost = desk(tmp_path, monkeypatch)
    assert cost(*BY_HAND, "--since", "1h") == ExitCode.DONE
    assert "the logs count no tokens, so an answer is taken for 400" in capsys.readouterr().out


def test_a_model_that_nobody_asks_has_no_price_at_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cost_use, "access_log", lambda *_: iter([]))
    cost = desk(tmp_path, monkeypatch)
    assert cost(*BY_HAND, "--since", "1h") == ExitCode.DONE
    told = capsys.readouterr().out
    assert "use: no answer, so that there is no token that could have a price" in told
    assert "at use" not in told


def test_a_gateway_that_cannot_be_asked_is_4_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_: object) -> Iterator[str]:
        raise Unreachable("localhost", "no route")

    monkeypatch.setattr(cost_use, "access_log", lost)
    cost = desk(tmp_path, monkeypatch)
    assert cost(*BY_HAND) == ExitCode.HOST_UNREACHABLE
    told = capsys.readouterr()
    assert "localhost is unreachable: no route" in told.err
    assert "at capacity" in told.out


def test_use_beyond_what_was_measured_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch, {"cost": {**COST, "usable_percent": 50}})
    assert cost(*BY_HAND, "--million-tokens-per-month", "1315") == ExitCode.DONE
    assert "use: more than the measured capacity" in capsys.readouterr().out


def test_an_old_price_is_told_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch)
    prices(tmp_path, {**PRICE, "date": "2024-01-01"})
    assert cost(*BY_HAND, *USED) == ExitCode.DONE
    told = capsys.readouterr()
    assert "warning: acme large: price of 2024-01-01 is " in told.err
    assert "hint: read it anew at its source" in told.err
    assert "acme large: own is cheaper" in told.out
