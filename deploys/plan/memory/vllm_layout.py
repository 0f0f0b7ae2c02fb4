"""How vLLM lays a model's layers out in its KV pool."""

from collections import Counter
from dataclasses import dataclass

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import recurrent_state, vllm_pages
from deploys.plan.memory.configuration import VllmConfiguration
from deploys.plan.memory.kv_cache import latent_row
from deploys.plan.memory.layers import LayerKind, layer_kinds
from deploys.plan.memory.pipeline import layers_of
from deploys.plan.memory.profiles.vllm_profile import VllmProfile

# vllm/engine/arg_utils.py, get_batch_defaults: (GiB of the GPU, tokens, sequences).
_DEFAULTS = ((160.0, 16384, 1024), (70.0, 8192, 1024), (0.0, 2048, 256))
# EngineArgs.max_num_seqs of V0, and the length from which it cut prompts up by default (0.6,
# vllm/engine/arg_utils.py, create_engine_config; not for MLA).
_V0_SEQUENCES = 256
_V0_LONG_TOKENS = 32768
_V0_LEAST_TOKENS = 2048


@dataclass(frozen=True)
class Blocks:
    """How the pool is divided."""

    tokens: int
    row_bytes: int
    layers: int
    per_request: int
    groups: int


def total_gib(asked: VllmConfiguration) -> float | None:
    """What CUDA sees of one GPU; None: not known."""
    visible = [device.visible_mib for device in asked.devices if device.visible_mib]
    return asked.total_gib or (min(visible) / 1024 if visible else None)


def batch_limits(
    asked: VllmConfiguration, shape: Architecture, profile: VllmProfile
) -> tuple[int, int]:
    """(tokens, sequences) that run at once, where not set by the version's defaults."""
    total = total_gib(asked) or 0.0
    tokens, sequences = next(limits[1:] for limits in _DEFAULTS if total >= limits[0])
    if not profile.chunked_prefill:
        length = asked.maximum_length_tokens
        whole = length <= _V0_LONG_TOKENS or shape.latent_attention is not None
        tokens = max(_V0_LEAST_TOKENS, length) if whole else _V0_LEAST_TOKENS
        sequences = _V0_SEQUENCES
    return asked.batched_tokens or tokens, asked.sequences or sequences


def blocks_of(asked: VllmConfiguration, shape: Architecture, profile: VllmProfile) -> Blocks:
    """Block size, layers that share a block, and blocks of one longest request."""
    every = layer_kinds(shape)
    own = [every[layer] for layer in layers_of(len(every), asked.stage, asked.stages)]
    kinds = Counter(kind for kind in own if kind is not LayerKind.STATELESS)
    kinds[LayerKind.FULL] += shape.draft_layers if asked.state_pages > 1 else 0
    if not profile.groups_layers:
        kinds = Counter({LayerKind.FULL: kinds.total()})
    row = _row_bytes(asked, shape)
    tokens = vllm_pages.BLOCK_TOKENS
    if kinds[LayerKind.RECURRENT]:
        tokens = vllm_pages.hybrid_block(_state_page(asked, shape), row)
    counts = {kind: count for kind, count in kinds.items() if count}
    size = vllm_pages.group_size(list(counts.values()))
    needs = {kind: _request_blocks(kind, tokens, asked, shape, profile) for kind in counts}
    groups = {kind: vllm_pages.groups(count, size) for kind, count in counts.items()}
    return Blocks(
        tokens=tokens,
        row_bytes=row,
        layers=size,
        per_request=sum(groups[kind] * needs[kind] for kind in counts),
        groups=sum(groups.values()),
    )


def _row_bytes(asked: VllmConfiguration, shape: Architecture) -> int:
    latent = shape.latent_attention
    if latent:
        # Every GPU keeps the whole row.
        row = asked.latent_row or latent_row(latent.kv_rank, latent.rope_length)
        return row * asked.kv_bytes
    heads = vllm_pages.heads_per_gpu(shape.kv_heads, asked.tensor_parallel)
    return vllm_pages.row_bytes(heads, shape.key_length, shape.value_length, asked.kv_bytes)


def _state_page(asked: VllmConfiguration, shape: Architecture) -> int:
    recurrent = shape.recurrent
    assert recurrent is not None  # noqa: S101 - only asked where a layer is recurrent
    convolution = recurrent_state.convolution_elements(
        recurrent.convolution_kernel,
        recurrent.inner_length,
        recurrent.groups,
        recurrent.state_length,
    )
    state = recurrent_state.state_elements(recurrent.inner_length, recurrent.state_length)
    shared = asked.tensor_parallel
    return vllm_pages.state_page_bytes(convolution, state, asked.state_bytes, shared)


def _request_blocks(
    kind: LayerKind,
    block: int,
    asked: VllmConfiguration,
    shape: Architecture,
    profile: VllmProfile,
) -> int:
    if kind is LayerKind.RECURRENT:
        return asked.state_pages
    length = asked.maximum_length_tokens
    window = shape.sliding_window
    if kind is LayerKind.WINDOW and window:
        in_flight = batch_limits(asked, shape, profile)[0]
        return vllm_pages.window_blocks(length, window.tokens, in_flight, block)
    return vllm_pages.full_blocks(length, block)
