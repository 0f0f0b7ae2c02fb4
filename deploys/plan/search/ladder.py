"""Which quantization is better than which, and which are tried first.

The order is that of the measured loss: KL divergence and perplexity of Llama-3-8B in llama.cpp's
tools/perplexity/README. vLLM's formats stand beside the GGML type of as many bits: their loss was
not measured here, so no finer claim is made.
"""

from functools import cache

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.tensors import tensors_of

# Best first; what stands in one row is taken for alike.
LADDER: tuple[tuple[str, ...], ...] = (
    ("F32",),
    ("BF16", "F16", "FP16"),
    ("Q8_0", "FP8", "W8A8", "W8A8-FP8", "INT8", "MXFP8"),
    ("Q6_K",),
    ("Q5_K_M", "Q5_1"),
    ("Q5_K_S", "Q5_0"),
    # MXFP4 is how gpt-oss was trained: nothing finer exists of it.
    ("Q4_K_M", "MXFP4", "MXFP4_MOE", "NVFP4", "AWQ", "GPTQ", "W4A16", "W4A8-FP8", "BITSANDBYTES"),
    ("Q4_K_S",),
    ("IQ4_NL",),
    ("IQ4_XS",),
    ("Q4_1",),
    ("Q3_K_L",),
    ("Q4_0",),
    ("Q3_K_M",),
    ("IQ3_M",),
    ("IQ3_S",),
    ("IQ3_XS",),
    ("IQ3_XXS",),
    ("Q3_K_S",),
    ("IQ2_M",),
    ("Q2_K",),
    ("Q2_K_S", "IQ2_S"),
    ("IQ2_XS",),
    ("IQ2_XXS",),
    ("IQ1_M",),
    ("IQ1_S", "TQ2_0", "TQ1_0"),
)
_RANK = {word: rank for rank, row in enumerate(LADDER) for word in row}
# Q8_0 comes first for models of up to so many weights: a larger one loses as little at Q6_K (KL
# divergence 0.0055, same top token 96.0 %) and answers 30 % faster.
SMALL_WEIGHTS = 8.5e9
# FP8 is computed in from here on (Ada, Hopper, Blackwell); FP4 on Blackwell.
FP8_CAPABILITY = (8, 9)
FP4_CAPABILITY = (10, 0)


def is_known(word: str) -> bool:
    """Whether the ladder has a place for it."""
    return word.upper() in _RANK


def known_words() -> list[str]:
    """All words, best first."""
    return list(_RANK)


def is_at_least(word: str, floor: str) -> bool:
    """Whether `word` loses no more than `floor`; an unknown one is not believed to."""
    return is_known(word) and is_known(floor) and _RANK[word.upper()] <= _RANK[floor.upper()]


def gguf_preference(word: str, shape: Architecture | None) -> tuple[bool, int, int, str]:
    """Sorts what llama.cpp may serve; the first that fits is taken.

    Finer than needed comes late: more bytes for a loss that cannot be measured. But it comes before
    Q4_K_M and below, whose loss can.
    """
    rank = _RANK.get(word.upper(), len(LADDER))
    large = shape is not None and weight_count(shape) > SMALL_WEIGHTS
    first = _RANK["Q6_K"] if large else _RANK["Q8_0"]
    return rank >= _RANK["Q4_K_M"], max(0, first - rank), rank, word


def safetensors_preference(word: str, capability: tuple[int, ...]) -> tuple[int, str]:
    """Sorts what vLLM may serve on a GPU: FP8 where it is computed in, then 16 bits, 8, 4."""
    upper = word.upper()
    rank = _RANK.get(upper, len(LADDER))
    if upper == "FP8" and capability >= FP8_CAPABILITY:
        return (0, word)
    native = upper == "NVFP4" and capability >= FP4_CAPABILITY
    return (2 * rank + 1 - native, word)


@cache
def weight_count(shape: Architecture) -> float:
    """Numbers in the weights; of an architecture that is not described, by its rough formula."""
    tensors = tensors_of(shape)
    if tensors is not None:
        return sum(tensor.elements for tensor in tensors)
    width = shape.embedding_length
    hidden = shape.feed_forward_length
    if shape.experts:
        hidden = shape.experts.count * shape.experts.feed_forward_length
    return shape.layers * width * (4 * width + 3 * hidden) + 2 * width * shape.vocabulary_size
