"""Random shapes of every family of architectures whose tensors and cache the planner describes."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from deploys.catalogue.architecture import (
    Architecture,
    Experts,
    LatentAttention,
    Recurrent,
    SlidingWindow,
)

Words = dict[str, Any]
VOCABULARIES = (32000, 49152, 100352, 128256, 151936, 201088, 256000)


# Their loaders take the queries to be as wide as the embedding.
SQUARE = ("qwen2", "qwen2moe", "cohere2", "command-r", "phi3", "starcoder2", "gptneox", "seed_oss")

# Their loaders want an output of its own.
UNTIED = ("gptneox", "phi3", "gpt-oss", "qwen2moe")


def drawn(random: Random, family: str) -> Architecture:
    """One shape of a family."""
    words = _plain(random, family) | FAMILIES[family](random)
    heads = words["heads"]
    if family in SQUARE:
        words["embedding_length"] = heads * words["key_length"]
    else:
        queries = heads * (128 if "latent_attention" in words else words["key_length"])
        words["embedding_length"] = 256 * max(2, round(queries * random.uniform(0.5, 1.2) / 256))
    width = words["embedding_length"]
    words["feed_forward_length"] = 256 * round(width * random.uniform(2, 6) / 256)
    if family == "llama (experts)":
        # One number for both lengths (Mixtral).
        words["feed_forward_length"] = words["experts"].feed_forward_length
    # Gemma's converters always tie; elsewhere small models do.
    tied = family.startswith(("gemma", "cohere", "command"))
    tied |= family not in UNTIED and random.random() < 0.25
    words.setdefault("tied_embeddings", tied)
    words.setdefault("kv_heads", _divisor(random, heads))
    words.setdefault("value_length", words["key_length"])
    return Architecture(**words)


def _plain(random: Random, family: str) -> Words:
    return {
        "name": family.partition(" ")[0],
        "layers": random.randint(4, 63),
        "heads": random.choice((8, 16, 24, 32, 40, 64)),
        "key_length": random.choice((64, 96, 128, 128, 256)),
        "vocabulary_size": random.choice(VOCABULARIES),
        "context_tokens": 2**20,
    }


def _divisor(random: Random, heads: int) -> int:
    return heads // random.choice([share for share in (1, 2, 4, 8) if heads % share == 0])


def _nothing_else(_: Random) -> Words:
    return {}


def _every_head_its_own(random: Random) -> Words:
    heads = random.choice((16, 32, 40))
    return {"heads": heads, "kv_heads": heads}


def _every_head_biased(random: Random) -> Words:
    return _every_head_its_own(random) | _biased(random)


def _one_for_all(random: Random) -> Words:
    return {"heads": random.choice((8, 16)), "kv_heads": 1}


def _biased(_: Random) -> Words:
    return {"attention_bias": True}


def _factors(_: Random) -> Words:
    return {"rope_factors": True}


def _experts(random: Random, shared: bool = False, dense: bool = False) -> Words:
    used = random.choice((2, 4, 6, 8))
    hidden = 64 * random.randint(8, 40)
    experts = Experts(
        count=random.choice((16, 32, 60, 64, 128)),
        used=used,
        feed_forward_length=hidden,
        shared_feed_forward_length=hidden * random.randint(1, 2) if shared else 0,
        leading_dense_layers=random.randint(1, 3) if dense else 0,
    )
    return {"experts": experts}


def _shared_experts(random: Random) -> Words:
    return _experts(random, shared=True)


def _experts_after_dense(random: Random) -> Words:
    return _experts(random, shared=True, dense=True)


def _window(every: int, tokens: tuple[int, ...]) -> Callable[[Random], Words]:
    def words(random: Random) -> Words:
        window = SlidingWindow(tokens=random.choice(tokens), full_layer_every=every)
        return {"sliding_window": window}

    return words


def _experts_in_window(random: Random) -> Words:
    window = SlidingWindow(tokens=128, full_layer_every=2)
    return _experts(random) | {"sliding_window": window, "key_length": 64, "attention_bias": True}


def _latent(random: Random) -> Words:
    latent = LatentAttention(
        query_rank=random.choice((0, 768, 1536)),
        kv_rank=512,
        rope_length=64,
        nope_length=128,
        value_length=128,
    )
    heads = random.choice((16, 32, 64, 128))
    # The loader tells the lite models, which have no query_rank, by 26 and 27 layers.
    layers = random.randint(4, 25)
    shape = {
        "layers": layers,
        "heads": heads,
        "kv_heads": 1,
        "key_length": 576,
        "value_length": 512,
    }
    return _experts_after_dense(random) | shape | {"latent_attention": latent}


def _recurrent(random: Random) -> Words:
    groups = random.choice((8, 16))
    rank = groups * random.choice((1, 2, 3))
    state = Recurrent(
        convolution_kernel=4,
        inner_length=rank * 128,
        state_length=128,
        groups=groups,
        time_step_rank=rank,
        attention_every=4,
    )
    return {"recurrent": state, "key_length": 256, "layers": 4 * random.randint(2, 16)}


def _recurrent_experts(random: Random) -> Words:
    return _recurrent(random) | _shared_experts(random)


FAMILIES: Mapping[str, Callable[[Random], Words]] = {
    "llama": _nothing_else,
    "llama (all heads)": _every_head_its_own,
    "llama (rope factors)": _factors,
    "llama (experts)": _experts,
    "smollm3": _nothing_else,
    "granite": _nothing_else,
    "seed_oss": _biased,
    "qwen2": _biased,
    "qwen2moe": lambda random: _shared_experts(random) | _biased(random),
    "qwen3": _nothing_else,
    "qwen3moe": _experts,
    "gemma": _one_for_all,
    "gemma2": _window(2, (4096,)),
    "gemma3": _window(6, (512, 1024)),
    "cohere2": _window(4, (4096,)),
    "command-r": _nothing_else,
    "phi3": _nothing_else,
    "glm4": _biased,
    "glm4moe": lambda random: _experts_after_dense(random) | _biased(random),
    "starcoder2": _biased,
    "gptneox": _every_head_biased,
    "gpt-oss": _experts_in_window,
    "deepseek2": _latent,
    "qwen3next": _recurrent_experts,
    "qwen35": _recurrent,
    "qwen35moe": _recurrent_experts,
}
