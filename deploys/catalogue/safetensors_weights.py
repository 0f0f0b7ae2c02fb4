"""The tensors of a safetensors model, added up by part and by how vLLM spreads them over GPUs.

vllm/model_executor/layers/linear.py and vocab_parallel_embedding.py, 0.33.0: vocabularies and
matrices are cut over all GPUs, keys and values over at most their heads, and what feeds a latent
or a router is whole on each.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from deploys.catalogue.config_architecture import TensorFacts
from deploys.catalogue.stored_tensors import StoredTensor
from deploys.catalogue.weight_facts import Spread, SpreadBytes, WeightFacts

LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks)\.(\d{1,5})\.")
VISION = re.compile(
    r"(?:^|\.)(?:visual|vision_tower|vision_model|vision_encoder|vit|multi_modal_projector"
    r"|mm_projector|mlp1|image_newline|patch_embed)(?:\.|$)"
)
EMBEDDINGS = re.compile(r"(?:embed_tokens|embed_in|word_embeddings|wte|backbone\.embeddings)\.")
OUTPUT = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output_layer)\.")
EXPERTS = re.compile(r"\.experts\.|\.block_sparse_moe\.experts")
DRAFT = re.compile(r"(?:^|\.)mtp\.")
KEYS_AND_VALUES = re.compile(r"\.[kv]_proj\.")
FUSED_ATTENTION = re.compile(r"\.(?:qkv_proj|Wqkv|query_key_value)\.")
# Every GPU keeps them whole: latent inputs, routers.
WHOLE = re.compile(
    r"\.(?:q_a_proj|kv_a_proj_with_mqa|kv_a_proj|fused_qkv_a_proj|router|shared_expert_gate)\."
    r"|\.(?:mlp|block_sparse_moe|mixer)\.gate\."
)
BIAS = re.compile(r"\.(?:q_proj|qkv_proj|query_key_value)\.bias$")
# Whose shape config.json states too.
TELLING = re.compile(rf"{EMBEDDINGS.pattern}|\.self_attn\.k_proj\.weight$")
# Not packed: the shape is that of the matrix.
PLAIN = ("BF16", "F16", "F32")


class Heads(NamedTuple):
    """Of attention; how a tensor that holds queries, keys and values is divided."""

    queries: int
    keys: int


def tensor_facts(tensors: Iterable[StoredTensor], layers: int) -> TensorFacts:
    """`layers` of the model itself: those behind them are for drafts."""
    listed = list(tensors)
    return TensorFacts(
        has_output=any(OUTPUT.search(t.name) and not _is_draft(t.name, layers) for t in listed),
        has_bias=any(BIAS.search(t.name) and not VISION.search(t.name) for t in listed),
        draft_layers=_draft_layers(listed, layers),
        vision_bytes=sum(t.size_bytes for t in listed if VISION.search(t.name)),
        shapes={t.name: t.shape for t in listed if _tells(t)},
    )


def _tells(tensor: StoredTensor) -> bool:
    """Towers name their layers as language models do, and have widths of their own."""
    tells = tensor.dtype in PLAIN and TELLING.search(tensor.name)
    return bool(tells) and not VISION.search(tensor.name)


def weight_facts(tensors: Iterable[StoredTensor], layers: int, heads: Heads) -> WeightFacts:
    """Bytes of all tensors; draft layers stand behind the model's own."""
    listed = list(tensors)
    blocks = layers + _draft_layers(listed, layers)
    placed = Counter[tuple[str, int]]()
    types, spread = Counter[str](), Counter[tuple[Spread, str]]()
    for tensor in listed:
        types[tensor.dtype] += tensor.size_bytes
        placed[_place(tensor.name, layers, blocks)] += tensor.size_bytes
        for kind, size in _spread(tensor, layers, heads):
            spread[kind, tensor.dtype] += size
    others = [tensor for tensor in listed if not EMBEDDINGS.search(tensor.name)]
    experts = [tensor for tensor in others if EXPERTS.search(tensor.name)]
    return WeightFacts(
        token_embedding_bytes=placed["embeddings", 0],
        output_bytes=placed["output", 0],
        layer_bytes=tuple(placed["layer", block] for block in range(blocks)),
        expert_bytes=tuple(placed["experts", block] for block in range(blocks)),
        other_bytes=placed["other", 0],
        largest_tensor_bytes=max((tensor.size_bytes for tensor in others), default=0),
        largest_expert_bytes=max((tensor.size_bytes for tensor in experts), default=0),
        type_bytes=dict(sorted(types.items())),
        spread=tuple(
            SpreadBytes(spread=kind, dtype=dtype, size_bytes=size)
            for (kind, dtype), size in sorted(spread.items())
        ),
    )


def _spread(tensor: StoredTensor, layers: int, heads: Heads) -> list[tuple[Spread, int]]:
    name, size = tensor.name, tensor.size_bytes
    kinds: list[tuple[Spread, bool]] = [
        ("vision", VISION.search(name) is not None),
        ("draft", _is_draft(name, layers)),
        ("vocabulary", bool(EMBEDDINGS.search(name) or OUTPUT.search(name))),
        ("experts", EXPERTS.search(name) is not None),
        ("whole", len(tensor.shape) < 2 or WHOLE.search(name) is not None),
        ("kv_heads", KEYS_AND_VALUES.search(name) is not None),
    ]
    kind = next((word for word, fits in kinds if fits), None)
    if kind is None and FUSED_ATTENTION.search(name):
        kept = size * 2 * heads.keys // (heads.queries + 2 * heads.keys)
        return [("kv_heads", kept), ("shards", size - kept)]
    return [(kind or "shards", size)]


def _place(name: str, layers: int, blocks: int) -> tuple[str, int]:
    """Part of the model, and which block of it."""
    block = _block(name, layers)
    if block is not None and block < blocks:
        return ("experts" if EXPERTS.search(name) else "layer"), block
    if not VISION.search(name) and EMBEDDINGS.search(name):
        return "embeddings", 0
    return ("output" if OUTPUT.search(name) else "other"), 0


def _block(name: str, layers: int) -> int | None:
    """The block of a tensor, drafts counted on; None for what is in no block."""
    if VISION.search(name):
        return None
    found = LAYER.search(name)
    if DRAFT.search(name):
        return layers + (int(found[1]) if found else 0)
    return int(found[1]) if found else None


def _is_draft(name: str, layers: int) -> bool:
    block = _block(name, layers)
    return block is not None and block >= layers


def _draft_layers(tensors: list[StoredTensor], layers: int) -> int:
    """Different numbers, not the largest: one name makes no list long."""
    return len({_block(t.name, layers) for t in tensors if _is_draft(t.name, layers)})
