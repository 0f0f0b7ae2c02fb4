"""A GGUF header to an Architecture, as llama.cpp's loaders read it.

src/models/*.cpp, load_arch_hparams, and src/llama-model.cpp, load_hparams, of commit 0c1e57098b.
"""

from deploys.catalogue.architecture import Architecture, Experts, LatentAttention
from deploys.catalogue.gguf_contents import Contents
from deploys.catalogue.gguf_layers import kv_heads_by_layer, recurrent_of, window_of
from deploys.catalogue.known_architectures import ENCODERS, is_known, is_named
from deploys.catalogue.unfit import Undescribed, Unfit, architecture_of

# As in config_architecture.py: a number alone may not make lists long.
MOST_BLOCKS = 4096


def architecture_of_header(contents: Contents) -> Architecture | None:
    """None: an architecture whose cache is not known. Raises Unfit for values that cannot be."""
    name = contents.text("general.architecture")
    if not name:
        raise Unfit("names no architecture")
    if not is_named(name):
        return None
    try:
        shape = architecture_of(_words(contents, name))
    except Undescribed:
        return None
    return shape if is_known(shape) else None


def layers_of(contents: Contents) -> tuple[int, int]:
    """(layers, draft layers behind them); raises Unfit."""
    name = contents.text("general.architecture")
    blocks = needed(contents, f"{name}.block_count")
    if not 0 < blocks <= MOST_BLOCKS:
        raise Unfit(f"states layers as {blocks}")
    draft = contents.number(f"{name}.nextn_predict_layers", 0) or 0
    if not 0 <= draft < blocks:
        raise Unfit(f"contradicts itself: {draft} of its {blocks} blocks are for drafts")
    return blocks - draft, draft


def needed(contents: Contents, key: str) -> int:
    """A number that every such file states; raises Unfit."""
    number = contents.number(key)
    if number is None:
        raise Unfit(f"states no {key}")
    return number


def _words(contents: Contents, name: str) -> dict[str, object]:
    layers, draft = layers_of(contents)
    tensors = {tensor.name for tensor in contents.tensors}
    embedding = needed(contents, f"{name}.embedding_length")
    heads = _alike(contents, f"{name}.attention.head_count")
    head = embedding // heads if heads > 0 else 0
    kv_heads = kv_heads_by_layer(contents, name, layers, heads)
    window = window_of(contents, name, kv_heads)
    return {
        "name": name,
        "layers": layers,
        "embedding_length": embedding,
        "feed_forward_length": _longest(contents, f"{name}.feed_forward_length"),
        "heads": heads,
        "kv_heads": _full_kv_heads(kv_heads, window is not None),
        "key_length": contents.number(f"{name}.attention.key_length", head),
        "value_length": contents.number(f"{name}.attention.value_length", head),
        "vocabulary_size": _vocabulary(contents, name),
        "context_tokens": needed(contents, f"{name}.context_length"),
        # An encoder has no output: its embeddings are needed on the way in alone.
        "tied_embeddings": "output.weight" not in tensors and name not in ENCODERS,
        "rope_factors": "rope_freqs.weight" in tensors,
        "attention_bias": not tensors.isdisjoint(("blk.0.attn_q.bias", "blk.0.attn_qkv.bias")),
        "draft_layers": draft,
        "experts": _experts(contents, name, layers),
        "sliding_window": window,
        "latent_attention": _latent(contents, name),
        "recurrent": recurrent_of(contents, name, kv_heads),
    }


def _alike(contents: Contents, key: str) -> int:
    """A number that may stand once per layer, but is the same in all that have it."""
    numbers = contents.numbers(key)
    if numbers is None:
        return needed(contents, key)
    if len(set(numbers) - {0}) > 1:
        raise Undescribed(f"{key} differs from layer to layer")
    return max(numbers)


def _longest(contents: Contents, key: str) -> int:
    """Of one number per layer the largest, to plan buffers by; 0 where it is not stated."""
    return max(contents.numbers(key) or [contents.number(key, 0) or 0])


def _full_kv_heads(kv_heads: list[int], windowed: bool) -> int:
    """Those of the layers that see everything; raises Undescribed where these differ."""
    found = set(kv_heads) - {0}
    if len(found) > 1 and not windowed:
        raise Undescribed("the kv heads differ from layer to layer")
    # Windowed layers that differ say so in the window itself; the full ones come last.
    return next((heads for heads in reversed(kv_heads) if heads), 0)


def _vocabulary(contents: Contents, name: str) -> int:
    stated = contents.number(f"{name}.vocab_size", contents.counts.get("tokenizer.ggml.tokens"))
    if stated is None:
        raise Unfit(f"states no {name}.vocab_size")
    return stated


def _experts(contents: Contents, name: str, layers: int) -> Experts | None:
    count = contents.number(f"{name}.expert_count", 0)
    if not count:
        return None
    dense = _longest(contents, f"{name}.feed_forward_length")
    length = _longest(contents, f"{name}.expert_feed_forward_length") or dense
    shared = contents.number(f"{name}.expert_shared_feed_forward_length")
    if shared is None:
        count_of_shared = contents.number(f"{name}.expert_shared_count", 0) or 0
        shared = length * count_of_shared or _shared_rows(contents)
    leading = contents.number(f"{name}.leading_dense_block_count", 0) or 0
    used = _alike(contents, f"{name}.expert_used_count")
    if leading == layers:
        return None
    if min(count, used, length) < 1 or min(shared, leading) < 0:
        raise Unfit(f"states {count} experts of length {length}, of which {used} are used")
    return Experts(
        count=count,
        used=used,
        feed_forward_length=length,
        shared_feed_forward_length=shared,
        leading_dense_layers=leading,
    )


def _shared_rows(contents: Contents) -> int:
    """Llama 4's header does not speak of its shared expert; its weights do."""
    rows = [t.dimensions[-1] for t in contents.tensors if t.name.endswith(".ffn_up_shexp.weight")]
    return max(rows, default=0)


def _latent(contents: Contents, name: str) -> LatentAttention | None:
    """None without the keys of 2025's converters: such files keep a plain cache."""
    key = contents.number(f"{name}.attention.key_length_mla")
    if not key:
        return None
    rope = needed(contents, f"{name}.rope.dimension_count")
    value = needed(contents, f"{name}.attention.value_length_mla")
    rank = needed(contents, f"{name}.attention.kv_lora_rank")
    query = contents.number(f"{name}.attention.q_lora_rank", 0) or 0
    if min(rope, value, rank, key - rope) < 1 or query < 0:
        raise Unfit(f"states a latent key of {key} with {rope} rotated and a rank of {rank}")
    return LatentAttention(
        query_rank=query,
        kv_rank=rank,
        rope_length=rope,
        nope_length=key - rope,
        value_length=value,
    )
