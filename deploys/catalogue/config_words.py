"""config.json of a safetensors model, in one flat set of words about its language model.

A key that is left out has the value of the model's configuration class in transformers; only where
that value differs from model to model is nothing assumed.
"""

from collections.abc import Mapping
from typing import Any

from deploys.catalogue.unfit import Unfit

Words = Mapping[str, Any]

# Where the language model of a multimodal one stands (transformers; InternVL; Kimi-VL).
NESTED = ("text_config", "llm_config", "language_config")
# Model type -> llama.cpp's name of the same architecture (conversion/*.py, commit 0c1e57098b).
NAMES = {
    "bert": "bert",
    "roberta": "bert",
    "xlm-roberta": "bert",
    "llama": "llama",
    "mistral": "llama",
    "mixtral": "llama",
    "ministral3": "mistral3",
    "qwen2": "qwen2",
    "qwen2_moe": "qwen2moe",
    "qwen2_vl": "qwen2vl",
    "qwen2_vl_text": "qwen2vl",
    "qwen2_5_vl": "qwen2vl",
    "qwen2_5_vl_text": "qwen2vl",
    "qwen3": "qwen3",
    "qwen3_moe": "qwen3moe",
    "qwen3_vl_text": "qwen3vl",
    "qwen3_vl_moe_text": "qwen3vlmoe",
    "qwen3_next": "qwen3next",
    "qwen3_5_text": "qwen35",
    "qwen3_5_moe_text": "qwen35moe",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
    "gemma4_text": "gemma4",
    "phi3": "phi3",
    "phimoe": "phimoe",
    "starcoder2": "starcoder2",
    "gpt_neox": "gptneox",
    "cohere": "command-r",
    "cohere2": "cohere2",
    "olmo2": "olmo2",
    "olmo3": "olmo2",
    "olmoe": "olmoe",
    "granite": "granite",
    "granitemoe": "granitemoe",
    "granitemoehybrid": "granitehybrid",
    "nemotron_h": "nemotron_h",
    "deepseek_v2": "deepseek2",
    "deepseek_v3": "deepseek2",
    "kimi_k2": "deepseek2",
    "glm4": "glm4",
    "glm4_moe": "glm4moe",
    "glm4v_text": "glm4",
    "glm4v_moe_text": "glm4moe",
    "gpt_oss": "gpt-oss",
    "seed_oss": "seed_oss",
    "smollm3": "smollm3",
    "stablelm": "stablelm",
    "exaone4": "exaone4",
    "ernie4_5": "ernie4_5",
    "ernie4_5_moe": "ernie4_5-moe",
    "minimax_m2": "minimax-m2",
    "arcee": "arcee",
    "apertus": "apertus",
    "llama4_text": "llama4",
}
# transformers 5.24.0, models/*/configuration_*.py: for published files that leave these out.
DEFAULTS: Mapping[str, Words] = {
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262_208,
        "max_position_embeddings": 131_072,
        "sliding_window": 4096,
        "sliding_window_pattern": 6,
    },
    "mistral": {
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 32_000,
        "max_position_embeddings": 131_072,
        "sliding_window": 4096,
    },
    "llama": {
        "hidden_size": 4096,
        "intermediate_size": 11_008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "vocab_size": 32_000,
        "max_position_embeddings": 2048,
    },
    "gemma2": {"sliding_window": 4096},
    "gemma4_text": {"hidden_size_per_layer_input": 256},
}


def model_type(config: Words) -> str:
    """The type of the language model; the file's own word, empty where it states none."""
    inner = language_words(config)
    found = inner.get("model_type") or config.get("model_type")
    return found if isinstance(found, str) else ""


def language_words(config: Words) -> Words:
    """What is said of the language model: nested words before those around them."""
    for key in NESTED:
        inner = config.get(key)
        if isinstance(inner, Mapping):
            # A tower's file says some things, such as tied embeddings, only outside.
            return {**{name: config[name] for name in config if name != "model_type"}, **inner}
    return config


def with_defaults(words: Words, kind: str) -> Words:
    """The words and, where they are left out, those of the configuration class; null is a word."""
    return {**DEFAULTS.get(kind, {}), **words}


def number(words: Words, *keys: str, default: int | None = None) -> int:
    """The first of these keys that is stated; raises Unfit where none is, or it is no number."""
    for key in keys:
        value = words.get(key)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1 << 40:
                raise Unfit(f"states {key} as {value!r:.60}")
            return value
    if default is None:
        raise Unfit(f"states no {keys[0]}")
    return default
