"""No formula on the way of an estimate can be altered without a stated number changing."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from deploys.plan.memory import (
    attention_phase,
    compute_buffer,
    compute_phases,
    feed_forward_phase,
    ggml_types,
    kv_cache,
    kv_cells,
    layer_placement,
    layers,
    llamacpp,
    pipeline_copies,
    process,
    projector,
    quantization_mix,
    quantization_rules,
    ram_copies,
    ram_inputs,
    recurrent_layer,
    recurrent_state,
    vllm,
    vllm_budget,
    vllm_layout,
    vllm_pages,
    vllm_weights,
    weights,
)
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.layer_placement import CPU
from tests.plan.memory.whole import WHOLE, answers

Answer = bool | int | float | str | tuple["Answer", ...] | list[int] | None


@pytest.mark.parametrize("index", range(len(WHOLE)))
def test_an_estimate_has_its_stated_parts(index: int) -> None:
    case, read, stated = WHOLE[index]
    assert read(estimate(case)) == pytest.approx(stated, abs=0.001)


def altered(found: Answer) -> Answer:
    """A little more than a formula gave, or another answer of its kind."""
    if isinstance(found, tuple):
        return tuple(altered(one) for one in found)
    if isinstance(found, list):
        return [-1, *found[1:]]
    if isinstance(found, str):
        return "f32" if found != "f32" else "f16"
    if isinstance(found, bool):
        return not found
    if isinstance(found, int):
        return found + max(1, found // 50)
    return None if found is None else found * 1.02 + 1e-3


ON_THE_WAY = [
    (module, name)
    for module, names in (
        (ggml_types, "size_bytes"),
        (kv_cells, "padded full_cells window_cells"),
        (kv_cache, "layer_bytes latent_row cells_of layer_cache_bytes cache_rows copied_rows"),
        (layers, "key_row value_row keeps_rows"),
        (layer_placement, "devices_of_layers"),
        (recurrent_state, "convolution_elements state_elements layer_state_bytes"),
        (
            compute_phases,
            "rows_bytes mask_bytes scores_bytes dequantised_bytes attention_elements "
            "gated_attention_elements latent_attention_elements feed_forward_elements "
            "expert_elements expert_outputs_elements kept_expert_elements all_expert_elements "
            "delta_net_elements all_delta_net_elements logits_elements",
        ),
        (attention_phase, "mask_bytes mixer_bytes copied_bytes large_bytes left_bytes"),
        (attention_phase, "query_elements"),
        (feed_forward_phase, "feed_forward_bytes"),
        (ram_copies, "cache_bytes values_apart_bytes"),
        (ram_inputs, "inputs_bytes"),
        (recurrent_layer, "states_bytes"),
        (pipeline_copies, "copies_bytes"),
        (process, "expected_mib upper_mib context margin_mib"),
        (projector, "compute_bytes"),
        (
            quantization_rules,
            "takes_more_bits attention_v_type query_key_type feed_forward_type "
            "attention_output_type",
        ),
        (quantization_mix, "is_quantizable"),
        (weights, "device_of is_expert"),
        (vllm_pages, "heads_per_gpu row_bytes state_page_bytes hybrid_block group_size groups"),
        (vllm_pages, "full_blocks window_blocks pool_blocks concurrency"),
        (vllm_budget, "budget_gib dense_activation_bytes expert_activation_bytes"),
        (vllm_budget, "sampler_bytes pool_gib"),
        (vllm_weights, "divisor weights_bytes"),
        (vllm_layout, "batch_limits blocks_of total_gib"),
    )
    for name in names.split()
]
# What is no number: a GPU that is not there would end the estimate, and nobody had noticed it.
OTHERWISE: dict[str, Callable[[Any], Any]] = {
    "device_of": lambda _: CPU,
    "context": lambda found: found + found,
    "blocks_of": lambda blocks: replace(blocks, per_request=blocks.per_request + 1),
}
USERS = (
    kv_cache,
    llamacpp,
    compute_buffer,
    attention_phase,
    feed_forward_phase,
    ram_copies,
    ram_inputs,
    recurrent_layer,
    quantization_mix,
    quantization_rules,
    weights,
    vllm,
    vllm_layout,
    vllm_weights,
    layers,
)


@pytest.mark.parametrize(("module", "name"), ON_THE_WAY, ids=str)
def test_altering_a_formula_changes_a_stated_estimate(
    module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Callable[..., Answer] = getattr(module, name)
    other: Callable[[Answer], Answer] = OTHERWISE.get(name, altered)

    def alters(*arguments: object, **named: object) -> Answer:
        return other(right(*arguments, **named))

    for user in {module, *USERS}:
        if getattr(user, name, None) is right:
            monkeypatch.setattr(user, name, alters)
    assert not all_as_stated()


def all_as_stated() -> bool:
    """Whether every estimate still has its stated part; asks no further than the first without.

    One that crashes before has not been noticed: its error ends the test.
    """
    return all(
        found == pytest.approx(stated, abs=0.001)
        for found, (_, _, stated) in zip(answers(), WHOLE, strict=True)
    )


def functions_of(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


# Ask others for sizes, or choose among words; test_verdict.py and the oracle's tests hold them.
NO_FORMULA = {
    "estimate", "block", "is_quantized", "layer_kinds", "streams", "typed_tensors",
    "weights_of", "tensor_sizes", "compute_buffer", "coarse_type", "quantization_mix",
}  # fmt: skip


def test_no_formula_is_left_out() -> None:
    altered_ones = {(module, name) for module, name in ON_THE_WAY}
    left = {
        (module.__name__, name)
        for module in {module for module, _ in ON_THE_WAY} | set(USERS)
        for name in functions_of(module) - NO_FORMULA
        if (module, name) not in altered_ones
    }
    assert left == set()
