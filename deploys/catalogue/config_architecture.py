"""config.json and the tensors beside it to an Architecture.

Dimensions are named as llama.cpp's converter names them (conversion/*.py, commit 0c1e57098b), so
that a GGUF file of the same model has the same Architecture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.catalogue.architecture import Architecture, LatentAttention
from deploys.catalogue.config_experts import experts_of
from deploys.catalogue.config_layers import recurrent_of, window_of
from deploys.catalogue.config_vision import vision_of
from deploys.catalogue.config_words import (
    NAMES,
    Words,
    language_words,
    model_type,
    number,
    with_defaults,
)
from deploys.catalogue.known_architectures import ENCODERS, is_known
from deploys.catalogue.unfit import Undescribed, Unfit, architecture_of

# llama.cpp takes 512 (LLAMA_MAX_LAYERS); a number alone may not make lists long.
MOST_LAYERS = 4096
# Whose attention llama.cpp and vLLM lay out in another way than the type's own.
UNDESCRIBED = ("index_topk", "block_configs", "hidden_size_per_layer_input")
# Types that count places from behind the one that fills up.
OFFSET = ("roberta", "xlm-roberta")
# Rope types for which the converter writes a tensor of factors.
FACTOR_ROPES = ("llama3", "proportional")


@dataclass(frozen=True)
class TensorFacts:
    """What the weights say better than config.json."""

    has_output: bool
    """An output matrix of its own: the embeddings are not tied."""
    has_bias: bool
    """The queries have one."""
    draft_layers: int
    vision_bytes: int = 0
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of matrices that are not packed, by name."""


def architecture_of_config(config: Words, tensors: TensorFacts) -> Architecture | None:
    """None: an architecture whose cache is not known. Raises Unfit for values that cannot be."""
    kind = model_type(config)
    words = with_defaults(language_words(config), kind)
    name = _name(kind, words)
    if name is None or any(words.get(key) for key in UNDESCRIBED):
        return None
    try:
        shape = architecture_of({**_words(words, name, kind, tensors), "vision": None})
    except Undescribed:
        return None
    _refuse_other_shapes(shape, tensors)
    vision = vision_of(config, tensors.vision_bytes)
    return shape.model_copy(update={"vision": vision}) if is_known(shape) else None


def _name(kind: str, words: Words) -> str | None:
    name = NAMES.get(kind)
    if name == "nemotron_h" and words.get("num_experts_per_tok"):
        return "nemotron_h_moe"
    return name


def _words(words: Words, name: str, kind: str, tensors: TensorFacts) -> dict[str, object]:
    layers = _layer_count(words)
    heads = number(words, "num_attention_heads")
    latent = _latent(words) if name == "deepseek2" else None
    key, value, kv_heads = _cache_row(words, name, heads, latent)
    experts = experts_of(words, name, layers)
    return {
        "name": name,
        "layers": layers,
        "embedding_length": number(words, "hidden_size"),
        "feed_forward_length": number(
            words, "intermediate_size_mlp", "intermediate_size", default=0 if experts else None
        ),
        "heads": heads,
        "kv_heads": kv_heads,
        "key_length": key,
        "value_length": value,
        "vocabulary_size": number(words, "vocab_size"),
        "context_tokens": number(words, "max_position_embeddings") - _lost_places(words, kind),
        "tied_embeddings": not tensors.has_output and name not in ENCODERS,
        "rope_factors": _has_rope_factors(words),
        "attention_bias": tensors.has_bias,
        "draft_layers": tensors.draft_layers,
        "experts": experts,
        "sliding_window": window_of(words, name, kind, layers),
        "latent_attention": latent,
        "recurrent": recurrent_of(words, name, layers),
    }


def _lost_places(words: Words, kind: str) -> int:
    """RoBERTa and its kin count places from behind the one that fills up
    (transformers, create_position_ids_from_input_ids).
    """
    return number(words, "pad_token_id", default=1) + 1 if kind in OFFSET else 0


def _layer_count(words: Words) -> int:
    layers = number(words, "num_hidden_layers")
    if not 0 < layers <= MOST_LAYERS:
        raise Unfit(f"states num_hidden_layers as {layers}")
    return layers


def _cache_row(
    words: Words, name: str, heads: int, latent: LatentAttention | None
) -> tuple[int, int, int]:
    """(key length, value length, kv heads), as llama.cpp's converter writes them."""
    if latent:
        return latent.kv_rank + latent.rope_length, latent.kv_rank, 1
    head = number(words, "hidden_size") // heads if heads > 0 else 0
    length = number(words, "head_dim", "attention_head_dim", default=head)
    kv_heads = number(words, "num_key_value_heads", "num_kv_heads", default=heads)
    if name == "gemma4":
        length = number(words, "global_head_dim", default=length)
        kv_heads = number(words, "num_global_key_value_heads", default=kv_heads)
    return length, length, kv_heads


def _latent(words: Words) -> LatentAttention:
    sizes = [number(words, key) for key in _LATENT_KEYS]
    query = number(words, "q_lora_rank", default=0)
    if min(sizes) < 1 or query < 0:
        raise Unfit(f"states {_LATENT_KEYS[sizes.index(min(sizes))]} as {min(sizes)}")
    rank, rope, nope, value = sizes
    return LatentAttention(
        query_rank=query, kv_rank=rank, rope_length=rope, nope_length=nope, value_length=value
    )


_LATENT_KEYS = ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")


def _has_rope_factors(words: Words) -> bool:
    """rope_scaling of 2024, rope_parameters of 2026; Gemma has one set for each kind of layer."""
    found = words.get("rope_parameters") or words.get("rope_scaling")
    if not isinstance(found, Mapping):
        return False
    inner = found.get("full_attention", found)
    kind = inner.get("rope_type", inner.get("type")) if isinstance(inner, Mapping) else None
    return kind in FACTOR_ROPES


def _refuse_other_shapes(shape: Architecture, tensors: TensorFacts) -> None:
    """config.json and the weights must speak of the same model."""
    width = shape.embedding_length
    stated = {"embed_tokens.weight": (shape.vocabulary_size, width)}
    window = shape.sliding_window
    if not shape.latent_attention and not (window and (window.kv_heads or window.key_length)):
        stated["self_attn.k_proj.weight"] = (shape.kv_heads * shape.key_length, width)
    for name, found in tensors.shapes.items():
        said = next((said for end, said in stated.items() if name.endswith(end)), found)
        if len(found) == 2 and found != said:
            raise Unfit(
                f"makes {name} {said[0]} x {said[1]}, and it is {found[0]} x {found[1]}",
                "the config.json that belongs to these weights",
            )
