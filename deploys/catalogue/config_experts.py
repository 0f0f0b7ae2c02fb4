"""The mixture of experts of config.json, by the keys of transformers' configuration classes."""

from deploys.catalogue.architecture import Experts
from deploys.catalogue.config_words import Words, number
from deploys.catalogue.unfit import Unfit


def experts_of(words: Words, name: str, layers: int) -> Experts | None:
    """None where every layer is dense; raises Unfit for numbers that cannot be."""
    keys = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
    count = number(words, *keys, default=0)
    if not count:
        return None
    used_keys = ("num_experts_per_tok", "num_experts_per_token", "moe_k", "top_k_experts")
    used = number(words, *used_keys)
    length = number(words, "moe_intermediate_size", "intermediate_size")
    leading = number(words, "first_k_dense_replace", default=_leading_dense(words, layers))
    shared = _shared_length(words, name, length)
    if min(count, used, length) < 1 or min(shared, leading) < 0:
        raise Unfit(f"states {count} experts of length {length}, of which {used} are used")
    return Experts(
        count=count,
        used=used,
        feed_forward_length=length,
        shared_feed_forward_length=shared,
        leading_dense_layers=leading,
    )


def _leading_dense(words: Words, layers: int) -> int:
    """Qwen lists its dense layers; those at the start count, others are said by the weights."""
    listed = words.get("mlp_only_layers")
    dense = (
        {layer for layer in listed if isinstance(layer, int)} if isinstance(listed, list) else set()
    )
    return next(layer for layer in range(layers + 1) if layer not in dense)


def _shared_length(words: Words, name: str, length: int) -> int:
    if name == "llama4":
        return length
    keys = (
        "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size",
        "shared_intermediate_size",
    )
    stated = number(words, *keys, default=0)
    return stated or length * number(words, "n_shared_experts", "num_shared_experts", default=0)
