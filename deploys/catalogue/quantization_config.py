"""How the weights of a safetensors model are packed, in the words of deploys/plan/constraints.py.

The methods are vLLM's (vllm/model_executor/layers/quantization, 0.33.0) and the formats those of
compressed-tensors (compressed_tensors/config/format.py).
"""

from collections.abc import Mapping
from typing import Any

from deploys.catalogue.config_words import Words

DTYPES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
# Methods that say it all.
METHODS = {
    "awq": "awq",
    "gptq": "gptq",
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "mxfp4": "mxfp4",
    "mxfp8": "mxfp8",
    "bitsandbytes": "bitsandbytes",
    "torchao": "torchao",
}
MODELOPT = {"FP8": "fp8", "NVFP4": "nvfp4", "MXFP8": "mxfp8", "W4A16_AWQ": "awq"}
PACKED = {"nvfp4-pack-quantized": "nvfp4", "mxfp4-pack-quantized": "mxfp4"}


def quantization_word(config: Words, beside: Words | None = None) -> str:
    """`bf16`, `awq`, `w4a16`, …; what is not known here keeps the file's own word.

    `beside` is hf_quant_config.json, where ModelOpt wrote its own before config.json carried it.
    """
    found = _quantization(config)
    if found is None and beside:
        found = _mapping(beside.get("quantization"))
        return _modelopt(found or {})
    if found is None:
        text = _mapping(config.get("text_config")) or {}
        dtype = next(
            (w for key in ("dtype", "torch_dtype") for w in (config.get(key), text.get(key)) if w),
            "",
        )
        return DTYPES.get(str(dtype), str(dtype)[:40])
    method = str(found.get("quant_method", "")).lower()
    if method == "modelopt" or method.startswith("modelopt_"):
        return _modelopt(found)
    if method == "compressed-tensors":
        return _compressed(found)
    return METHODS.get(method, method[:40])


def _quantization(config: Words) -> Words | None:
    """Multimodal models may carry it in the part that is quantised."""
    places = [config, *(_mapping(config.get(key)) or {} for key in ("text_config", "llm_config"))]
    keys = ("quantization_config", "compression_config")
    found = (_mapping(place.get(key)) for place in places for key in keys)
    return next((words for words in found if words), None)


def _modelopt(words: Words) -> str:
    algorithm = str(words.get("quant_algo", "")).upper()
    return MODELOPT.get(algorithm, f"modelopt {algorithm}".strip().lower()[:40])


def _compressed(words: Words) -> str:
    """By the first group: published checkpoints have one, or several of one kind."""
    groups = _mapping(words.get("config_groups")) or {}
    group = next((found for one in groups.values() if (found := _mapping(one))), {})
    weights, inputs = _numbers(group.get("weights")), _numbers(group.get("input_activations"))
    layout = str(group.get("format") or words.get("format", ""))
    if layout in PACKED:
        return PACKED[layout]
    known = {
        ("int4", ""): "w4a16",
        ("int4", "float8"): "w4a8-fp8",
        ("int8", "int8"): "int8",
        ("float8", "float8"): "w8a8-fp8",
        ("float8", ""): "fp8",
        ("float4", "float4"): "nvfp4",
    }
    return known.get((weights, inputs), f"compressed-tensors {weights} {inputs}".strip()[:40])


def _numbers(found: object) -> str:
    """`int4`, `float8`; empty where they are not quantised."""
    words = _mapping(found)
    return f"{words.get('type', 'int')}{words.get('num_bits', '')}" if words else ""


def _mapping(found: object) -> Mapping[str, Any] | None:
    return found if isinstance(found, Mapping) else None
