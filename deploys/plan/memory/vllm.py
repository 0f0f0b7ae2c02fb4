"""Memory of one vLLM instance, GPU by GPU (all alike), and what its KV pool holds."""

from dataclasses import dataclass

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import process, vllm_budget, vllm_pages
from deploys.plan.memory.configuration import Case, VllmConfiguration
from deploys.plan.memory.estimate import (
    GIB,
    NOTHING,
    DeviceEstimate,
    Estimate,
    Pool,
    Range,
    exactly,
)
from deploys.plan.memory.layers import LayerKind, layer_kinds
from deploys.plan.memory.profiles.vllm_choice import vllm_profile
from deploys.plan.memory.profiles.vllm_profile import VllmProfile
from deploys.plan.memory.vllm_layout import batch_limits, blocks_of, total_gib
from deploys.plan.memory.vllm_weights import weights_bytes


@dataclass(frozen=True)
class _Question:
    asked: VllmConfiguration
    shape: Architecture
    profile: VllmProfile
    total_gib: float | None
    weights: Range | None
    """GiB, like the next three."""
    activation: float
    outside: Range
    graphs: Range


def estimate(case: Case, asked: VllmConfiguration, shape: Architecture) -> Estimate:
    """Parts on each GPU and the pool; parts that cannot be told are named in `unknown`."""
    weights, why = _weights(case, asked, shape)
    question = _question(case, asked, shape, weights)
    unknown = [f"weights: {why}"] if why else []
    keeps = LayerKind.ENCODER not in layer_kinds(shape)
    # Without anything to keep no pool is made, and nothing but what is needed is taken
    # (vllm/v1/engine/core.py, _initialize_kv_caches).
    pool = _pool(question) if keeps else NOTHING
    if pool is None:
        unknown.append("kv_cache: the size of the GPU or of the weights is not known")
    parts = _parts(question, pool)
    return Estimate(
        name=case.name,
        profile=question.profile.name,
        devices=tuple(DeviceEstimate(f"GPU{gpu}", parts) for gpu in range(asked.tensor_parallel)),
        unknown=tuple(unknown),
        remarks=case.remarks,
        pool=_filled(question, pool) if keeps else None,
    )


def _question(
    case: Case, asked: VllmConfiguration, shape: Architecture, weights: Range | None
) -> _Question:
    profile = vllm_profile(case.version, case.profile_facts)
    activation = exactly(_activation_gib(asked, shape, profile))
    return _Question(
        asked=asked,
        shape=shape,
        profile=profile,
        total_gib=total_gib(asked),
        weights=weights and _measured(case, "weights", weights),
        activation=_measured(case, "compute_buffer", activation).expected,
        outside=_measured(case, "outside", _outside(asked, profile)),
        graphs=NOTHING if asked.eager else _measured(case, "graphs", profile.graphs_gib),
    )


def _outside(asked: VllmConfiguration, profile: VllmProfile) -> Range:
    joined = asked.tensor_parallel > 1 and any(device.fabric for device in asked.devices)
    return profile.fabric_outside_gib if joined else profile.outside_gib


def _measured(case: Case, part: str, gib: Range) -> Range:
    """GiB, corrected by what an instance was measured to take on each of its GPUs."""
    return _gib(case.corrections.apply("GPU0", part, _mib(gib)))


def _weights(case: Case, asked: VllmConfiguration, shape: Architecture) -> tuple[Range | None, str]:
    places = exactly(asked.adapter_bytes / GIB)
    if case.weights.gpu_mib is not None:
        return exactly(case.weights.gpu_mib / 1024) + places, ""
    predicted = weights_bytes(shape, case.quantization, asked.tensor_parallel)
    if isinstance(predicted, str):
        return None, predicted
    return Range(predicted[0] / GIB, predicted[1] / GIB) + places, ""


def _activation_gib(asked: VllmConfiguration, shape: Architecture, profile: VllmProfile) -> float:
    tokens, sequences = batch_limits(asked, shape, profile)
    width, shared = shape.embedding_length, asked.tensor_parallel
    layer = vllm_budget.dense_activation_bytes(tokens, shape.feed_forward_length, width, shared)
    if shape.experts:
        hidden, used = shape.experts.feed_forward_length, shape.experts.used
        layer = vllm_budget.expert_activation_bytes(tokens, used, hidden, width, shared)
    words = vllm_budget.sampler_bytes(sequences, shape.vocabulary_size, profile.bytes_per_logit)
    return max(layer, words) / GIB


def _context(question: _Question) -> Range | None:
    """GiB of the process's own context, where the GPU is known."""
    devices = question.asked.devices
    context = process.context(devices[0]) if devices else None
    return context and _gib(context)


def _pool(question: _Question) -> Range | None:
    """GiB: expected, and (as `upper`) the least it will be; None where it cannot be told."""
    asked, weights = question.asked, question.weights
    if asked.pool_gib is not None:
        return exactly(asked.pool_gib)
    if question.total_gib is None or weights is None:
        return None
    budget = vllm_budget.budget_gib(question.total_gib, asked.utilisation)
    taken = question.outside + question.graphs
    if question.profile.context_in_budget:
        taken += _context(question) or NOTHING
    return Range(
        vllm_budget.pool_gib(budget, weights.expected, question.activation, taken.expected),
        vllm_budget.pool_gib(budget, weights.upper, question.activation, taken.upper),
    )


def _parts(question: _Question, pool: Range | None) -> dict[str, Range]:
    parts: dict[str, Range] = {}
    if question.weights is not None:
        parts["weights"] = _mib(question.weights)
    if pool is not None:
        # The engine takes what is left: more overhead means a smaller pool, not more memory.
        parts["kv_cache"] = exactly(max(0.0, pool.expected) * 1024)
    # The state lies in the pool's blocks.
    parts["recurrent_state"] = NOTHING
    parts["compute_buffer"] = exactly(question.activation * 1024)
    parts["graphs"] = _mib(question.graphs)
    parts["process"] = _mib(question.outside + (_context(question) or NOTHING))
    if question.total_gib is not None:
        parts["margin"] = exactly(process.margin_mib(question.total_gib * 1024))
    return parts


def _mib(gib: Range) -> Range:
    return Range(gib.expected * 1024, gib.upper * 1024)


def _gib(mib: Range) -> Range:
    return Range(mib.expected / 1024, mib.upper / 1024)


def _filled(question: _Question, pool: Range | None) -> Pool:
    asked, profile = question.asked, question.profile
    blocks = blocks_of(asked, question.shape, profile)
    count = requests = tokens = per_group = budget = None
    if question.total_gib is not None:
        budget = vllm_budget.budget_gib(question.total_gib, asked.utilisation)
    if pool is not None:
        size = max(0.0, pool.expected) * GIB
        count = vllm_pages.pool_blocks(size, blocks.tokens, blocks.row_bytes, blocks.layers)
        requests = vllm_pages.concurrency(count, blocks.per_request)
        per_group = count // blocks.groups * blocks.tokens
        tokens = int(requests * asked.maximum_length_tokens)
    return Pool(
        budget_gib=budget,
        expected_gib=pool.expected if pool else None,
        lowest_gib=pool.upper if pool else None,
        blocks=count,
        tokens=tokens if profile.counts_concurrency else per_group,
        tokens_per_group=per_group,
        concurrency=requests,
        bytes_per_block=blocks.tokens * blocks.row_bytes * blocks.layers,
        blocks_per_request=blocks.per_request,
        known=asked.pool_gib is not None,
    )
