"""What must hold of every estimate, whatever the model and the configuration."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import (
    Case,
    Device,
    LlamaCppConfiguration,
    VllmConfiguration,
)
from deploys.plan.memory.estimate import DeviceEstimate, Estimate
from deploys.plan.verdict import Outcome, judge
from tests.plan.memory.shapes import shapes

FEW = settings(max_examples=60, deadline=None)
GPU = Device("RTX 3090", sm_count=82, visible_mib=24124)


@st.composite
def configurations(draw: st.DrawFn) -> LlamaCppConfiguration:
    key_type = draw(st.sampled_from(("f16", "q8_0", "q4_0")))
    context = draw(st.integers(512, 200_000))
    return LlamaCppConfiguration(
        context_tokens=context,
        key_type=key_type,
        value_type=key_type,
        flash_attention=key_type != "f16" or draw(st.booleans()),
        micro_batch_tokens=draw(st.sampled_from((64, 512, 2048))),
        sequences=draw(st.integers(1, 4)),
        unified=draw(st.booleans()),
        gpu_layers=draw(st.one_of(st.none(), st.integers(0, 100))),
        devices=(GPU,) * draw(st.integers(1, 3)),
    )


def answered(shape: Architecture, asked: LlamaCppConfiguration | VllmConfiguration) -> Estimate:
    engine = "vLLM" if isinstance(asked, VllmConfiguration) else "llama.cpp"
    quantization = "bf16" if engine == "vLLM" else "Q4_K_M"
    return estimate(Case("x", engine, "pinned", quantization, shape, asked))


def gpu_mib(answer: Estimate) -> float:
    return sum(gpu.engine.expected for gpu in answer.gpus)


@FEW
@given(shapes(), configurations())
def test_the_sum_of_the_parts_is_the_total(
    shape: Architecture, asked: LlamaCppConfiguration
) -> None:
    for device in answered(shape, asked).devices:
        for bound in ("expected", "upper"):
            parts = sum(getattr(part, bound) for part in device.parts.values())
            assert getattr(device.total, bound) == pytest.approx(parts)


@FEW
@given(shapes(), configurations())
def test_no_part_is_negative_and_no_upper_bound_is_below_what_is_expected(
    shape: Architecture, asked: LlamaCppConfiguration
) -> None:
    for device in answered(shape, asked).devices:
        for part in device.parts.values():
            assert 0 <= part.expected <= part.upper


@FEW
@given(shapes(), configurations(), st.integers(1, 100_000))
def test_a_longer_context_never_needs_less(
    shape: Architecture, asked: LlamaCppConfiguration, more: int
) -> None:
    longer = replace(asked, context_tokens=asked.context_tokens + more)
    for short, long in zip(
        answered(shape, asked).devices, answered(shape, longer).devices, strict=True
    ):
        assert long.total.expected >= short.total.expected
        assert long.total.upper >= short.total.upper


@FEW
@given(shapes(), configurations(), st.integers(0, 98))
def test_more_layers_on_the_gpus_never_put_less_of_the_model_there(
    shape: Architecture, asked: LlamaCppConfiguration, layers: int
) -> None:
    def stored(count: int) -> float:
        gpus = answered(shape, replace(asked, gpu_layers=count)).gpus
        names = ("weights", "kv_cache", "recurrent_state")
        return sum(gpu.parts[name].expected for gpu in gpus for name in names)

    assert stored(layers + 1) >= stored(layers) - 1e-6


@FEW
@given(shapes(), configurations())
def test_what_leaves_the_gpus_lies_in_ram(
    shape: Architecture, asked: LlamaCppConfiguration
) -> None:
    def caches(answer: Estimate) -> float:
        return sum(device.parts["kv_cache"].expected for device in answer.devices)

    everything = answered(shape, replace(asked, gpu_layers=None))
    nothing = answered(shape, replace(asked, gpu_layers=0))
    assert caches(everything) == pytest.approx(caches(nothing))
    assert sum(gpu.parts["weights"].expected for gpu in nothing.gpus) == 0


@FEW
@given(shapes(), configurations())
def test_a_quantised_cache_never_needs_more_than_a_plain_one(
    shape: Architecture, asked: LlamaCppConfiguration
) -> None:
    plain = replace(asked, key_type="f16", value_type="f16")
    small = replace(plain, key_type="q8_0", value_type="q8_0", flash_attention=True)
    for before, after in zip(
        answered(shape, plain).devices, answered(shape, small).devices, strict=True
    ):
        assert after.parts["kv_cache"].expected <= before.parts["kv_cache"].expected


@FEW
@given(shapes(), configurations(), st.floats(0, 200_000), st.floats(0, 200_000))
def test_more_memory_never_turns_a_fit_into_a_refusal(
    shape: Architecture, asked: LlamaCppConfiguration, visible: float, more: float
) -> None:
    order = (Outcome.REFUSED, Outcome.TIGHT, Outcome.FITS)
    device: DeviceEstimate = answered(shape, asked).gpus[0]
    less = judge(device, visible).outcome
    assert order.index(judge(device, visible + more).outcome) >= order.index(less)


@FEW
@given(shapes(), st.integers(1, 200_000), st.floats(1, 180), st.floats(0.1, 80))
def test_a_larger_pool_never_holds_fewer_tokens(
    shape: Architecture, length: int, total: float, more: float
) -> None:
    asked = VllmConfiguration(length, total_gib=total, pool_gib=more)
    small = answered(shape, asked).pool
    large = answered(shape, replace(asked, pool_gib=more * 2)).pool
    assert small is not None
    assert large is not None
    assert (large.tokens or 0) >= (small.tokens or 0)


@FEW
@given(shapes(), st.integers(1, 200_000), st.floats(1, 180))
def test_the_expected_pool_and_the_rest_make_up_the_budget(
    shape: Architecture, length: int, total: float
) -> None:
    answer = answered(shape, VllmConfiguration(length, total_gib=total))
    pool, parts = answer.pool, answer.devices[0].parts
    assert pool is not None
    assert pool.expected_gib is not None
    assert pool.budget_gib == pytest.approx(total * 0.92)
    taken = [parts[name].expected for name in ("weights", "compute_buffer", "graphs", "process")]
    assert pool.expected_gib + sum(taken) / 1024 == pytest.approx(pool.budget_gib)
