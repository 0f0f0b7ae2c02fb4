"""The estimator against what the pinned llama.cpp says that it would reserve itself."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import llamacpp
from deploys.plan.memory.configuration import Case, Device, LlamaCppConfiguration
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.memory.profiles.llamacpp_b11669 import B11669

RESERVE: dict[str, Any] = json.loads(
    Path(__file__).with_name("engine_reserve.json").read_text(encoding="utf-8")
)
# The file's "about" says why.
AS_ASKED = replace(B11669, logits_for_all_tokens=True, dequantised_in_graph=False)


@pytest.fixture(autouse=True)
def _asked_as_by_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llamacpp, "llamacpp_profile", lambda *_: AS_ASKED)


def predicted(run: dict[str, Any]) -> tuple[DeviceEstimate, ...]:
    shape = Architecture.model_validate(RESERVE["shapes"][run["shape"]])
    asked = LlamaCppConfiguration(
        context_tokens=run["context_tokens"],
        key_type=run["cache_type"],
        value_type=run["cache_type"],
        flash_attention=run["flash_attention"],
        micro_batch_tokens=run["micro_batch_tokens"],
        sequences=run["sequences"],
        devices=(Device("stand-in"),) * len(run["gpus"]),
    )
    case = Case("run", "llama.cpp", "pinned", run["quantization"], shape, asked)
    return llamacpp.estimate(case, asked, shape).gpus


def named(run: dict[str, Any]) -> str:
    return "-".join(str(value) for key, value in run.items() if key not in ("quantization", "gpus"))


RUNS = pytest.mark.parametrize("run", RESERVE["runs"], ids=named)


@RUNS
def test_weights_and_caches_are_what_the_engine_says(run: dict[str, Any]) -> None:
    for device, (model, context, _) in zip(predicted(run), run["gpus"], strict=True):
        parts = device.parts
        assert model <= parts["weights"].expected + 0.01 < model + 1.02
        cached = parts["kv_cache"].expected + parts["recurrent_state"].expected
        assert context <= cached + 0.01 < context + 1.02


@RUNS
def test_a_gpus_total_is_within_two_percent_of_what_the_engine_says(run: dict[str, Any]) -> None:
    for device, told in zip(predicted(run), run["gpus"], strict=True):
        assert device.engine.expected == pytest.approx(sum(told), rel=0.02)
        assert device.engine.upper >= 0.99 * sum(told)


def test_the_median_error_of_totals_is_below_a_twentieth_of_a_percent() -> None:
    errors = [
        abs(device.engine.expected / (sum(told) + 1) - 1)
        for run in RESERVE["runs"]
        for device, told in zip(predicted(run), run["gpus"], strict=True)
    ]
    assert median(errors) < 0.0005


def test_the_compute_buffer_alone_is_within_a_tenth_for_nine_of_ten() -> None:
    near = [
        device.parts["compute_buffer"].expected == pytest.approx(told[2], rel=0.1, abs=2)
        for run in RESERVE["runs"]
        for device, told in zip(predicted(run), run["gpus"], strict=True)
    ]
    assert sum(near) >= 0.9 * len(near)
