"""Which layers of a GGUF file keep a whole cache, a window of it, a state, or nothing.

As llama.cpp's loaders read it (src/models/*.cpp, load_arch_hparams, commit 0c1e57098b).
"""

from deploys.catalogue.architecture import Recurrent, SlidingWindow
from deploys.catalogue.gguf_contents import Contents
from deploys.catalogue.layer_patterns import period, sliding_window
from deploys.catalogue.unfit import Undescribed, Unfit

# The period that load_swa_pattern falls back to where the header states no pattern; None: it must.
# phi3's window is switched off in the loader, and all others have none.
WINDOW_PERIODS = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma4": None,
    "cohere2": 4,
    "gpt-oss": 2,
    "olmo2": 4,
    "exaone4": 4,
    "llama4": 4,
}
# Where the header may leave it out.
DEFAULT_WINDOWS = {"gemma2": 4096}
# Llama 4 attends in chunks of so many tokens; the header's own number only switches it off.
CHUNK_TOKENS = {"llama4": 8192}
# EXAONE 4.0 has windows in its 32B model alone.
EXAONE_WINDOWED_LAYERS = 64
# Recurrent layers come in a period that the header may leave out.
PERIODIC = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4}
# Layers without kv heads are recurrent; of Nemotron-H only those without a feed-forward part.
BY_KV_HEADS = ("granitehybrid", "jamba", "nemotron_h", "nemotron_h_moe")


def kv_heads_by_layer(contents: Contents, name: str, layers: int, heads: int) -> list[int]:
    """One number per layer; 0 where a layer has no attention."""
    key = f"{name}.attention.head_count_kv"
    numbers = contents.numbers(key)
    if numbers is None:
        return [contents.number(key, heads) or 0] * layers
    if len(numbers) < layers:
        raise Unfit(f"states {key} of {len(numbers)} of its {layers} layers")
    return numbers[:layers]


def window_of(contents: Contents, name: str, kv_heads: list[int]) -> SlidingWindow | None:
    """None where every layer sees everything."""
    if contents.number(f"{name}.attention.shared_kv_layers", 0):
        raise Undescribed("layers share the cache of others")
    tokens = _window_tokens(contents, name, len(kv_heads))
    if not tokens:
        return None
    windowed = _windowed(contents, name, len(kv_heads))
    pairs = list(zip(kv_heads, windowed, strict=True))
    here = {heads for heads, is_windowed in pairs if is_windowed}
    elsewhere = {heads for heads, is_windowed in pairs if not is_windowed}
    if len(here) > 1 or len(elsewhere) > 1:
        raise Undescribed("the kv heads differ from layer to layer")
    return sliding_window(
        tokens,
        windowed,
        kv_heads=None if here == elsewhere or not elsewhere else here.pop(),
        key_length=contents.number(f"{name}.attention.key_length_swa"),
        value_length=contents.number(f"{name}.attention.value_length_swa"),
    )


def _window_tokens(contents: Contents, name: str, layers: int) -> int:
    """0: no layer has a window."""
    is_small_exaone = name == "exaone4" and layers != EXAONE_WINDOWED_LAYERS
    if name not in WINDOW_PERIODS or is_small_exaone:
        return 0
    tokens = contents.number(f"{name}.attention.sliding_window", DEFAULT_WINDOWS.get(name))
    if name in CHUNK_TOKENS and tokens != 0:
        return CHUNK_TOKENS[name]
    if tokens is not None and tokens < 0:
        raise Unfit(f"states a window of {tokens} tokens")
    return tokens or 0


def _windowed(contents: Contents, name: str, layers: int) -> list[bool]:
    key = f"{name}.attention.sliding_window_pattern"
    listed = contents.numbers(key)
    if listed is not None:
        if len(listed) < layers:
            raise Unfit(f"states {key} of {len(listed)} of its {layers} layers")
        return [bool(windowed) for windowed in listed[:layers]]
    every = contents.number(key, WINDOW_PERIODS[name])
    if every is None or every < 0:
        raise Unfit(f"states no {key}")
    return [every == 0 or layer % every < every - 1 for layer in range(layers)]


def recurrent_of(contents: Contents, name: str, kv_heads: list[int]) -> Recurrent | None:
    """None where every layer is an attention layer."""
    layers = len(kv_heads)
    if name in PERIODIC:
        attention = _periodic(contents, name, layers)
        stateless: tuple[int, ...] = ()
    elif name in BY_KV_HEADS:
        attention = [heads > 0 for heads in kv_heads]
        lengths = contents.numbers(f"{name}.feed_forward_length") or []
        is_alone = [name.startswith("nemotron") and length > 0 for length in lengths[:layers]]
        pairs = zip(is_alone, attention, strict=False)
        stateless = tuple(layer for layer, (alone, sees) in enumerate(pairs) if alone and not sees)
    else:
        return None
    every, listed = period(attention)
    return Recurrent(
        convolution_kernel=_size(contents, f"{name}.ssm.conv_kernel"),
        inner_length=_size(contents, f"{name}.ssm.inner_size"),
        state_length=_size(contents, f"{name}.ssm.state_size"),
        groups=contents.number(f"{name}.ssm.group_count", 0) or 0,
        time_step_rank=_size(contents, f"{name}.ssm.time_step_rank"),
        attention_every=every,
        attention_layers=listed,
        stateless_layers=stateless,
    )


def _periodic(contents: Contents, name: str, layers: int) -> list[bool]:
    listed = contents.numbers(f"{name}.attention.recurrent_layers")
    if listed is not None and len(listed) >= layers:
        return [not recurrent for recurrent in listed[:layers]]
    every = contents.number(f"{name}.full_attention_interval", PERIODIC[name]) or 0
    if every < 1:
        raise Unfit(f"states {name}.full_attention_interval as {every}")
    return [layer % every == every - 1 for layer in range(layers)]


def _size(contents: Contents, key: str) -> int:
    number = contents.number(key)
    if number is None or number < 1:
        raise Unfit(f"states {key} as {number}")
    return number
