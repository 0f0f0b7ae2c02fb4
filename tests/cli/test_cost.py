"""The verb `cost`: prices of tokens by hand and by a kept benchmark."""

import json
import re
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.cli.cost_desk import (
    BY_HAND,
    COST,
    HOST_COST,
    OFFLINE,
    PRICE,
    Cost,
    benchmark,
    desk,
    on_a_gpu,
    prices,
    told_as_json,
    with_energy,
)  # fmt: skip

USED = ("--million-tokens-per-month", "10")


def test_the_example_by_hand_is_told_shown_and_kept(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every figure of it was calculated in tests/checks/benchmarks/cost."""
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
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cost(*BY_HAND, *USED, "--json") == ExitCode.DONE
    found = told_as_json(capsys)
    assert (found["schema"], found["currency"], found["model"]) == (1, "EUR", "chat")
    assert found["month"]["total"] == pytest.approx(321.90)
    assert found["marginal_per_million"] == pytest.approx(0.025)
    assert found["at_use"]["whole"] == pytest.approx(32.215)
    assert found["break_even"][0]["millions_per_month"] == pytest.approx(18.4206, abs=1e-4)
    (kept,) = (tmp_path / ".homeport" / "cost" / "small").glob("*.json")
    assert json.loads(kept.read_text()) == found
    # Two runs within a second are two.
    assert re.fullmatch(r".+\.\d{3}Z", found["time"])
    assert re.fullmatch(r"\d{8}T\d{9}Z", kept.stem)


def test_a_kept_benchmark_says_capacity_and_lengths(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = benchmark(tmp_path)
    rate = json.loads(path.read_text())["capacity"]["tokens_per_second"]
    assert cost(*OFFLINE, "--json") == ExitCode.DONE
    found = told_as_json(capsys)
    assert found["capacity"]["tokens_per_second"] == rate > 100
    assert found["capacity"]["prompt_ratio"] == pytest.approx(20 / 11)
    assert found["basis"].startswith("4 users, release ")
    assert found["at_use"] is None
    assert not [words for words in found["told"] if "is committed" in words]


def test_a_benchmark_of_another_release_is_told(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path, fleet="before")
    assert cost(*OFFLINE, "--json") == ExitCode.DONE
    assert any("is committed, not before" in words for words in told_as_json(capsys)["told"])


def test_what_gpus_took_in_the_benchmark_is_paid(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """100 W of the host and 60 W of the GPU wait; 300 W and 240 W more work."""
    path = benchmark(tmp_path)
    with_energy(path, "GPU-a", 60, 300)
    on_a_gpu(tmp_path, "GPU-a")
    assert cost(*OFFLINE, "--json") == ExitCode.DONE
    found = told_as_json(capsys)
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
    found = told_as_json(capsys)
    (machine,) = found["fleet"]["machines"]
    assert (machine["idle_watts"], machine["load_watts"]) == pytest.approx((150, 650))
    assert "localhost: GPU-a: the operator's figure" in found["told"]


def test_use_beyond_what_was_measured_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch, {"cost": {**COST, "usable_percent": 50}})
    assert cost(*BY_HAND, "--million-tokens-per-month", "1315") == ExitCode.DONE
    assert "use: more than the measured capacity" in capsys.readouterr().out


def test_an_old_price_is_told_and_used(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices(tmp_path, {**PRICE, "date": "2024-01-01"})
    assert cost(*BY_HAND, *USED) == ExitCode.DONE
    told = capsys.readouterr()
    assert "warning: acme large: price of 2024-01-01 is " in told.err
    assert "hint: read it anew at its source" in told.err
    assert "acme large: own is cheaper" in told.out
