"""What one llama-server needs of a host's RAM when no layer is on a GPU."""

from math import ceil

from deploys.catalogue.model import Model
from deploys.plan.plan import LlamaCppArguments

MIB = 1024 * 1024
# Bytes per element: ggml block sizes, f16 2 bytes, q8_0 34 bytes per 32 elements.
KV_BYTES = {"f16": 2.0, "q8_0": 34 / 32}
# llama.cpp pads the cache to whole blocks of 256 cells (llama-kv-cache.cpp, padding for FA).
CELLS_PER_BLOCK = 256
# Code, libraries and heap of an idle server: 31 to 45 MiB resident in Debian's build 11669 with a
# model of under 1 MiB, measured on 2 cores; doubled for the HTTP threads under load.
PROCESS_MIB = 90
# What a container needs beyond the sum before the kernel would kill it: page cache and allocator.
HEADROOM = 1.25
SMALLEST_LIMIT_MIB = 256


def memory_parts(model: Model, arguments: LlamaCppArguments) -> dict[str, int]:
    """Predicted MiB by part: weights, kv_cache, compute_buffer, process."""
    shape = model.shape
    cells = ceil(arguments.context_tokens / CELLS_PER_BLOCK) * CELLS_PER_BLOCK
    per_cell = shape.kv_heads * (shape.key_length + shape.value_length)
    kv_bytes = shape.layers * cells * per_cell * KV_BYTES[arguments.kv_cache_type]
    return {
        "weights": _mib(sum(file.size_bytes for file in model.files)),
        "kv_cache": _mib(kv_bytes),
        "compute_buffer": _mib(_compute_bytes(model, arguments, cells)),
        "process": PROCESS_MIB,
    }


def memory_limit_mib(parts: dict[str, int]) -> int:
    """The container's limit: the sum with headroom, in whole steps of 64 MiB."""
    return max(SMALLEST_LIMIT_MIB, ceil(sum(parts.values()) * HEADROOM / 64) * 64)


def _compute_bytes(model: Model, arguments: LlamaCppArguments, cells: int) -> float:
    """The largest phase of one graph: logits or feed-forward, and the attention mask.

    Without flash attention the scores of all heads stand in memory at once.
    """
    shape = model.shape
    tokens = arguments.micro_batch_tokens
    mask = cells * tokens * 2
    scores = 0 if arguments.flash_attention else cells * tokens * shape.heads * 4
    widest = max(shape.vocabulary_size, 3 * shape.feed_forward_length)
    return (widest + 3 * shape.embedding_length) * tokens * 4 + mask + scores


def _mib(size_bytes: float) -> int:
    return ceil(size_bytes / MIB)
