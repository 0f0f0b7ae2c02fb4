"""The verb `cost`, where there is nothing to calculate with."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.settings import inventory
from deploys.settings.cloud_prices import FILE
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
)  # fmt: skip


def test_no_benchmark_and_no_numbers_are_7_with_both_ways_out(
    cost: Cost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cost(*OFFLINE) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "error: .homeport/bench/small: no benchmark of chat with --concurrency is kept" in said
    assert "hint: homeport bench small --model chat, or --tokens-per-second N" in said


def test_a_benchmark_of_open_loops_alone_has_no_capacity(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path, loop="open")
    assert cost(*OFFLINE) == ExitCode.REFUSED
    assert "no benchmark of chat with --concurrency is kept" in capsys.readouterr().err


def test_a_benchmark_in_which_nobody_was_served_in_time_is_7(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path, slow=True)
    assert cost(*OFFLINE) == ExitCode.REFUSED
    assert "not even the fewest users kept the objective" in capsys.readouterr().err


def test_an_engine_that_counts_nothing_gives_no_price(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = benchmark(tmp_path)
    whole = json.loads(path.read_text())
    whole["loads"][0]["tokens"]["prompt"] = 0
    path.write_text(json.dumps(whole))
    assert cost(*OFFLINE) == ExitCode.REFUSED
    assert "loads.4 users.tokens: the engine did not say" in capsys.readouterr().err


def test_a_file_that_is_no_benchmark_is_7(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path).write_text("{")
    assert cost(*OFFLINE) == ExitCode.REFUSED
    assert "cannot be read" in capsys.readouterr().err


def test_an_environment_without_costs_is_7_with_everything_that_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = desk(tmp_path, monkeypatch, {"cost": None, "host_cost": None})
    assert cost(*BY_HAND, *OFFLINE) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "error: inventories/group_data/small.py: cost: is missing" in said
    assert "error: inventories/group_data/small.py: host_cost: is missing for localhost" in said
    assert "hint: inventories/cost.md shows all of it" in said


def test_a_gpu_of_which_nobody_knows_what_it_draws_is_7(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_gpu(tmp_path, "GPU-a")
    assert cost(*BY_HAND, *OFFLINE) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "host_cost.gpu_watts: is missing for localhost: no benchmark has measured" in said
    assert "GPU-a" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"cost": {**COST, "power_per_kwh": -1}}, "cost.power_per_kwh: found -1"),
        ({"cost": {**COST, "pue": 0.5}}, "cost.pue: found 0.5"),
        ({"host_cost": {**HOST_COST, "years": 0}}, "host_cost.years: found 0"),
        ({"host_cost": {**HOST_COST, "price": -4800}}, "host_cost.price: found -4800"),
    ],
)
def test_figures_that_cannot_be_are_7(
    cost: Cost,
    monkeypatch: pytest.MonkeyPatch,
    words: Mapping[str, object],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are changed after it was rendered: no such environment ever is."""
    _say(monkeypatch, words)
    assert cost(*BY_HAND, *OFFLINE) == ExitCode.REFUSED
    told = capsys.readouterr().err
    assert "error: inventories/group_data/small.py:" in told
    assert f": {said}\nhint: what fits: " in told


def _say(monkeypatch: pytest.MonkeyPatch, words: Mapping[str, object]) -> None:
    hosts = inventory._ask_pyinfra(Path(), Path())
    changed = [{**one, "data": {**one["data"], **words}} for one in hosts]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: changed)


def test_a_missing_price_file_is_7(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FILE).unlink()
    assert cost(*BY_HAND, *OFFLINE) == ExitCode.REFUSED
    assert f"error: {FILE}: cannot be read: No such file" in capsys.readouterr().err


def test_currencies_that_nobody_has_said_the_rate_of_are_7(
    cost: Cost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices(tmp_path, {**PRICE, "currency": "USD"})
    assert cost(*BY_HAND, *OFFLINE) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "acme large: is in USD, and cost is in EUR" in said
    assert 'hint: "exchange": {"USD"' in said


def test_a_model_that_nobody_serves_is_7(cost: Cost, capsys: pytest.CaptureFixture[str]) -> None:
    assert cost("--model", "chta", *BY_HAND, *OFFLINE) == ExitCode.REFUSED
    assert "did you mean `chat`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--tokens-per-second", "1000"),
        ("--tokens-per-second", "0", "--prompt-tokens", "1", "--completion-tokens", "1"),
        ("--tokens-per-second", "-5", "--prompt-tokens", "1", "--completion-tokens", "1"),
        (*BY_HAND, "--completion-tokens", "0"),
        (*BY_HAND, "--since", "yesterday"),
        (*BY_HAND, "--tokens-per-second", "inf"),
        (*BY_HAND, "--prompt-tokens", "inf"),
        (*BY_HAND, "--completion-tokens", "1e300"),
        (*BY_HAND, "--million-tokens-per-month", "-1"),
        (*BY_HAND, "--million-tokens-per-month", "inf"),
        (*BY_HAND, "--million-tokens-per-month", "nan"),
        (*BY_HAND, "--million-tokens-per-month", "1e-300"),
        (*BY_HAND, "--cached-percent", "101"),
        (*BY_HAND, "--swing-percent", "100"),
    ],
)
def test_words_that_mean_nothing_are_64(
    cost: Cost, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cost(*words) == ExitCode.MISUSE
    assert "error: " in capsys.readouterr().err
