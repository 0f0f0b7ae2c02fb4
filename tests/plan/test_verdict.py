"""Fits, tight or refused, and why."""

import pytest

from deploys.plan.constraints import (
    capability_constraint,
    disk_constraint,
    flash_attention_constraint,
    parallel_constraint,
    ram_constraint,
)
from deploys.plan.memory.estimate import DeviceEstimate, Range, exactly
from deploys.plan.verdict import Outcome, judge
from tests.plan.memory.shapes import LLAMA_8B, QWEN3_30B_A3B


def device(**parts: float) -> DeviceEstimate:
    sizes = {"weights": 10000.0, "kv_cache": 4000.0, "compute_buffer": 300.0, "process": 400.0}
    return DeviceEstimate("GPU0", {name: exactly(mib) for name, mib in (sizes | parts).items()})


def test_what_leaves_the_margin_free_fits() -> None:
    verdict = judge(device(), 24000)
    assert verdict.outcome is Outcome.FITS
    assert verdict.binding == ""
    assert verdict.margin_mib == 720
    assert verdict.spare_mib == 24000 - 720 - 14700


def test_what_reaches_into_the_margin_is_tight() -> None:
    verdict = judge(device(), 15000)
    assert verdict.outcome is Outcome.TIGHT
    assert verdict.binding == "KV cache"


def test_what_is_larger_than_the_gpu_is_refused_with_the_sum() -> None:
    verdict = judge(device(), 14000)
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.explanation == (
        "GPU0 needs 14,700 MiB (weights 10,000 + KV cache 4,000 + compute buffer 300 + "
        "process 400); budget 13,488 MiB (14,000 less margin 512)"
    )


def test_memory_that_others_use_is_not_available() -> None:
    assert judge(device(), 16000).outcome is Outcome.FITS
    assert judge(device(), 16000, used_by_others_mib=1200).outcome is Outcome.TIGHT
    assert judge(device(), 16000, used_by_others_mib=2000).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("visible", "parts", "binding"),
    [
        (10000, {}, "weights"),
        (11250, {}, "KV cache"),
        (11100, {"kv_cache": 100.0, "compute_buffer": 5000.0}, "compute buffer"),
        (11000, {"kv_cache": 400.0, "compute_buffer": 390.0}, "weights and KV cache"),
        (800, {}, "the context of the process alone is larger than the GPU's budget"),
    ],
)
def test_the_binding_constraint_is_named(
    visible: float, parts: dict[str, float], binding: str
) -> None:
    assert judge(device(**parts), visible).binding == binding


def test_the_upper_bound_decides() -> None:
    wide = DeviceEstimate("GPU0", {"weights": Range(1000, 9000), "process": exactly(1)})
    assert judge(wide, 8000).outcome is Outcome.REFUSED


def test_a_part_that_is_not_known_refuses() -> None:
    verdict = judge(device(), 80000, unknown=("kv_cache: unknown architecture nova",))
    assert verdict.outcome is Outcome.REFUSED
    assert "unknown architecture nova" in verdict.binding
    nameless = DeviceEstimate("GPU0", {"weights": exactly(1)})
    assert "size of its context" in judge(nameless, 80000).binding


def test_the_margin_in_an_estimate_is_not_counted_twice() -> None:
    parts = {**device().parts, "margin": exactly(9999)}
    assert judge(DeviceEstimate("GPU0", parts), 16000).needed_mib == 14700


def test_a_format_needs_its_compute_capability() -> None:
    assert capability_constraint("W8A8-FP8", "8.6") == (
        "W8A8-FP8 needs compute capability 8.9, the GPU has 8.6"
    )
    assert capability_constraint("fp8", "10.0") is None
    assert capability_constraint("anything", "7.0") is None


def test_heads_and_groups_must_be_divisible() -> None:
    assert parallel_constraint(LLAMA_8B, 3) == "32 heads are not divisible by 3 GPUs"
    assert parallel_constraint(LLAMA_8B, 4) is None
    cut = parallel_constraint(QWEN3_30B_A3B, 4, "AWQ")
    assert cut == "the feed-forward length 768 over 4 GPUs cuts AWQ groups of 128"
    assert parallel_constraint(QWEN3_30B_A3B, 2, "AWQ") is None


def test_other_constraints_say_what_is_missing() -> None:
    assert flash_attention_constraint("q8_0", flash_attention=False)
    assert flash_attention_constraint("q8_0", flash_attention=True) is None
    assert flash_attention_constraint("f16", flash_attention=False) is None
    assert ram_constraint(2000, 1000) == "RAM: 2,000 MiB needed, 1,000 MiB available"
    assert ram_constraint(1000, 1000) is None
    assert disk_constraint(2000, 1000) == "disk: 2,000 MiB needed, 1,000 MiB free"
    assert disk_constraint(1000, 1000) is None
