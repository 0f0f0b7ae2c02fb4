"""Bytes of llama.cpp's KV cache, layer by layer (src/llama-kv-cache.cpp, constructor)."""

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import ggml_types, kv_cells
from deploys.plan.memory.configuration import LlamaCppConfiguration
from deploys.plan.memory.layers import LayerKind, keeps_rows, key_row, value_row
from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile


def layer_bytes(cells: int, streams: int, key_row_bytes: int, value_row_bytes: int) -> int:
    """One layer's keys and values, a row per cell."""
    return cells * streams * (key_row_bytes + value_row_bytes)


def cells_of(
    shape: Architecture,
    kind: LayerKind,
    configuration: LlamaCppConfiguration,
    profile: LlamaCppProfile,
) -> int:
    """Cells of one stream of a layer of this kind."""
    asked = configuration
    full = kv_cells.full_cells(asked.context_tokens, asked.sequences, asked.unified)
    window = shape.sliding_window
    windowed = window and kind is LayerKind.WINDOW and profile.caches_windows
    if not window or not windowed or asked.full_sliding_window:
        return full
    return kv_cells.window_cells(
        full, window.tokens, asked.micro_batch_tokens, asked.sequences, asked.unified
    )


def layer_cache_bytes(
    shape: Architecture,
    kind: LayerKind,
    configuration: LlamaCppConfiguration,
    profile: LlamaCppProfile,
) -> int:
    """The cache of one layer; 0 for one that keeps no rows."""
    if not keeps_rows(kind):
        return 0
    key, value = cache_rows(shape, kind, profile)
    keys = ggml_types.size_bytes(configuration.key_type, key)
    values = ggml_types.size_bytes(configuration.value_type, value)
    streams = kv_cells.streams(configuration.sequences, configuration.unified)
    return layer_bytes(cells_of(shape, kind, configuration, profile), streams, keys, values)


def cache_rows(shape: Architecture, kind: LayerKind, profile: LlamaCppProfile) -> tuple[int, int]:
    """(key, value) elements of one token in one layer."""
    latent = shape.latent_attention
    if latent is None:
        return key_row(shape, kind), value_row(shape, kind)
    if profile.latent_cache == "heads":
        key = shape.heads * (latent.nope_length + latent.rope_length)
        return key, shape.heads * latent.value_length
    # One latent row for all heads (src/models/deepseek2.cpp; DeepSeek-V2 paper, section 2.1).
    row = latent_row(latent.kv_rank, latent.rope_length)
    return row, latent.kv_rank if profile.latent_cache == "keys_and_values" else 0


def copied_rows(
    shape: Architecture,
    kind: LayerKind,
    configuration: LlamaCppConfiguration,
    profile: LlamaCppProfile,
) -> tuple[int, int]:
    """(key, value) elements that CUDA's flash attention reads as f16 copies, being of another type
    (ggml/src/ggml-cuda/fattn-common.cuh, ggml_cuda_flash_attn_ext_get_f16_extra_data).
    """
    key, value = cache_rows(shape, kind, profile)
    return (
        0 if configuration.key_type == "f16" else key,
        0 if configuration.value_type == "f16" else value,
    )


def latent_row(rank: int, rope: int) -> int:
    """Elements of an MLA row: the compressed part and the rotated part."""
    return rank + rope
