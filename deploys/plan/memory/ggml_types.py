"""Bytes of GGML's number formats, from the tables of the `gguf` library."""

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

# What llama.cpp takes for --cache-type-k and --cache-type-v (common/arg.cpp, kv_cache_types).
CACHE_TYPES = ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")


def block(type_name: str) -> tuple[int, int]:
    """(elements, bytes) of one block; raises KeyError for a name that GGML does not have."""
    elements, size_bytes = GGML_QUANT_SIZES[GGMLQuantizationType[type_name.upper()]]
    return int(elements), int(size_bytes)


def size_bytes(type_name: str, elements: int) -> int:
    """Bytes of `elements` numbers; a row that ends within a block takes the whole block."""
    per_block, block_bytes = block(type_name)
    return -(-elements // per_block) * block_bytes


def is_quantized(type_name: str) -> bool:
    """Whether several numbers share a scale."""
    return block(type_name)[0] > 1
