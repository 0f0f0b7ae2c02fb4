"""Which layers of a model keep a whole cache, a window of it, a state, or nothing, by config.json.

The keys are those of transformers' configuration classes (models/*/configuration_*.py, 5.24.0).
"""

from collections.abc import Sequence

from deploys.catalogue.architecture import Recurrent, SlidingWindow
from deploys.catalogue.config_words import Words, number
from deploys.catalogue.known_architectures import RECURRENT
from deploys.catalogue.layer_patterns import period, sliding_window
from deploys.catalogue.unfit import Undescribed, Unfit

# The last of so many layers sees everything, where neither layer_types nor a pattern says it.
PERIODS = {
    **{"gemma2": 2, "gemma3": 6, "gemma4": 6, "cohere2": 4, "gpt-oss": 2},
    **{"olmo3": 4, "llama4": 4},
}
WINDOWED = ("sliding_attention", "chunked_attention")
WHOLE = ("full_attention", "attention")
STATES = ("linear_attention", "mamba")
STATELESS = ("moe", "mlp")
# Nemotron-H writes one letter per layer.
LETTERS = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}


def layer_words(words: Words, layers: int) -> list[str] | None:
    """What each layer is, where the file lists it; raises Unfit for a list of another length."""
    listed = words.get("layer_types") or words.get("layers_block_type")
    pattern = words.get("hybrid_override_pattern")
    if isinstance(pattern, str):
        listed = [LETTERS.get(letter, letter) for letter in pattern]
    if listed is None:
        return None
    if not isinstance(listed, list) or len(listed) != layers:
        raise Unfit(f"lists the kinds of another number of layers than its {layers}")
    strange = sorted({str(word) for word in listed} - {*WINDOWED, *WHOLE, *STATES, *STATELESS})
    if strange:
        raise Undescribed(f"has layers of the kind {strange[0]}")
    return [str(word) for word in listed]


def window_of(words: Words, name: str, kind: str, layers: int) -> SlidingWindow | None:
    """None where every layer sees everything."""
    listed = layer_words(words, layers) or []
    if words.get("num_kv_shared_layers"):
        raise Undescribed("layers share the cache of others")
    if name not in RECURRENT and not {*STATES, *STATELESS}.isdisjoint(listed):
        raise Undescribed("some of its layers are no attention layers")
    if not _has_windows(words, name, kind):
        return None
    keys = ("attention_chunk_size",) if name == "llama4" else ("sliding_window",)
    tokens = number(words, *keys, default=0)
    if not tokens:
        return None
    if tokens < 0:
        raise Unfit(f"states {keys[0]} as {tokens}")
    windowed = _windowed(words, name, kind, layers)
    if name != "gemma4":
        return sliding_window(tokens, windowed)
    whole_heads = number(words, "num_global_key_value_heads", "num_key_value_heads")
    heads, length = number(words, "num_key_value_heads"), number(words, "head_dim")
    differs = heads != whole_heads
    return sliding_window(tokens, windowed, heads if differs else None, length, length)


def _has_windows(words: Words, name: str, kind: str) -> bool:
    """Others state a window that no engine uses (Phi-3, StarCoder 2), Qwen behind a switch."""
    if kind.startswith("qwen"):
        return words.get("use_sliding_window") is True
    listed = words.get("layer_types")
    is_listed = isinstance(listed, list) and any(word in WINDOWED for word in listed)
    return is_listed or name in PERIODS or kind in PERIODS or kind in ("mistral", "exaone4")


def _windowed(words: Words, name: str, kind: str, layers: int) -> list[bool]:
    listed = layer_words(words, layers)
    if listed is not None:
        return [word in WINDOWED for word in listed]
    every = words.get("sliding_window_pattern", words.get("_sliding_window_pattern"))
    if isinstance(every, str) and every:
        # EXAONE: L for local, G for global.
        return [every[layer % len(every)] == "L" for layer in range(layers)]
    if not isinstance(every, int) or isinstance(every, bool):
        every = PERIODS.get(kind.removesuffix("_text"), PERIODS.get(name, 0))
    if every < 0:
        raise Unfit(f"states sliding_window_pattern as {every}")
    first = number(words, "max_window_layers", default=0)
    return [layer >= first and (every == 0 or layer % every < every - 1) for layer in range(layers)]


def recurrent_of(words: Words, name: str, layers: int) -> Recurrent | None:
    """None where every layer is an attention layer."""
    if name in ("qwen3next", "qwen35", "qwen35moe"):
        return _delta_net(words, layers)
    if name in ("granitehybrid", "nemotron_h", "nemotron_h_moe"):
        return _mamba(words, layers)
    return None


def _delta_net(words: Words, layers: int) -> Recurrent:
    listed = layer_words(words, layers)
    interval = max(1, number(words, "full_attention_interval", default=4))
    attention = [layer % interval == interval - 1 for layer in range(layers)]
    every, layers_listed = period([word in WHOLE for word in listed] if listed else attention)
    values = number(words, "linear_num_value_heads")
    return Recurrent(
        convolution_kernel=_size(words, "linear_conv_kernel_dim"),
        inner_length=values * _size(words, "linear_value_head_dim"),
        state_length=_size(words, "linear_key_head_dim"),
        groups=_size(words, "linear_num_key_heads"),
        time_step_rank=values,
        attention_every=every,
        attention_layers=layers_listed,
    )


def _mamba(words: Words, layers: int) -> Recurrent:
    listed = layer_words(words, layers)
    if listed is None:
        raise Unfit("does not list what its layers are")
    every, layers_listed = period([word in WHOLE for word in listed])
    heads = _size(words, "mamba_n_heads", "mamba_num_heads")
    return Recurrent(
        convolution_kernel=_size(words, "mamba_d_conv", "conv_kernel"),
        inner_length=heads * _size(words, "mamba_d_head", "mamba_head_dim"),
        state_length=_size(words, "mamba_d_state", "ssm_state_size"),
        groups=_size(words, "mamba_n_groups", "n_groups"),
        time_step_rank=heads,
        attention_every=every,
        attention_layers=layers_listed,
        stateless_layers=_which(listed, STATELESS),
    )


def _which(listed: Sequence[str], kinds: Sequence[str]) -> tuple[int, ...]:
    return tuple(layer for layer, word in enumerate(listed) if word in kinds)


def _size(words: Words, *keys: str) -> int:
    found = number(words, *keys)
    if found < 1:
        raise Unfit(f"states {keys[0]} as {found}")
    return found
