"""Bytes of GGML's number formats, as the `gguf` library has them (GGML_QUANT_SIZES).

They are written out because importing it, with numpy, was a tenth of what each verb costs.
"""

# What llama.cpp takes for --cache-type-k and --cache-type-v (common/arg.cpp, kv_cache_types).
CACHE_TYPES = ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")

# (elements, bytes) of one block.
BLOCKS = {
    "f32": (1, 4), "f16": (1, 2), "q4_0": (32, 18), "q4_1": (32, 20), "q5_0": (32, 22),
    "q5_1": (32, 24), "q8_0": (32, 34), "q8_1": (32, 40), "q2_k": (256, 84), "q3_k": (256, 110),
    "q4_k": (256, 144), "q5_k": (256, 176), "q6_k": (256, 210), "q8_k": (256, 292),
    "iq2_xxs": (256, 66), "iq2_xs": (256, 74), "iq3_xxs": (256, 98), "iq1_s": (256, 50),
    "iq4_nl": (32, 18), "iq3_s": (256, 110), "iq2_s": (256, 82), "iq4_xs": (256, 136),
    "i8": (1, 1), "i16": (1, 2), "i32": (1, 4), "i64": (1, 8), "f64": (1, 8), "iq1_m": (256, 56),
    "bf16": (1, 2), "tq1_0": (256, 54), "tq2_0": (256, 66), "mxfp4": (32, 17), "nvfp4": (64, 36),
    "q1_0": (128, 18),
}  # fmt: skip


def block(type_name: str) -> tuple[int, int]:
    """(elements, bytes) of one block; raises KeyError for a name that GGML does not have."""
    return BLOCKS[type_name.lower()]


def size_bytes(type_name: str, elements: int) -> int:
    """Bytes of `elements` numbers; a row that ends within a block takes the whole block."""
    per_block, block_bytes = block(type_name)
    return -(-elements // per_block) * block_bytes


def is_quantized(type_name: str) -> bool:
    """Whether several numbers share a scale."""
    return block(type_name)[0] > 1
