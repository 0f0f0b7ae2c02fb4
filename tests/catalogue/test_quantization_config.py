"""Published quantization_config blocks in the words of the planner."""

from typing import Any

import pytest

from deploys.catalogue.quantization_config import quantization_word
from deploys.plan.constraints import LEAST_CAPABILITY
from deploys.plan.memory.vllm_weights import BYTES_PER_WEIGHT


def compressed(
    weights: dict[str, Any], inputs: dict[str, Any] | None = None, layout: str = ""
) -> dict[str, Any]:
    """As llm-compressor writes it."""
    group = {"targets": ["Linear"], "weights": weights, "input_activations": inputs}
    return {
        "quant_method": "compressed-tensors",
        "format": layout,
        "config_groups": {"group_0": group},
    }


def numbers(kind: str, bits: int) -> dict[str, Any]:
    return {"type": kind, "num_bits": bits}


PUBLISHED: list[tuple[dict[str, Any], str]] = [
    # Qwen/Qwen2.5-7B-Instruct-AWQ, -GPTQ-Int4
    ({"quant_method": "awq", "bits": 4, "group_size": 128}, "awq"),
    ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "gptq"),
    # deepseek-ai/DeepSeek-V3, Qwen/Qwen3-8B-FP8
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8"),
    # openai/gpt-oss-20b
    ({"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, "mxfp4"),
    # RedHatAI's w4a16, w8a8, FP8-dynamic, NVFP4
    (compressed(numbers("int", 4), None, "pack-quantized"), "w4a16"),
    (compressed(numbers("int", 8), numbers("int", 8), "int-quantized"), "int8"),
    (compressed(numbers("float", 8), numbers("float", 8), "float-quantized"), "w8a8-fp8"),
    (compressed(numbers("float", 8), None, "float-quantized"), "fp8"),
    (compressed(numbers("int", 4), numbers("float", 8), "pack-quantized"), "w4a8-fp8"),
    (compressed(numbers("float", 4), numbers("float", 4), "nvfp4-pack-quantized"), "nvfp4"),
    (compressed(numbers("float", 4), None, "mxfp4-pack-quantized"), "mxfp4"),
    # nvidia/…-FP8, …-NVFP4
    ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes"),
]


@pytest.mark.parametrize(("block", "word"), PUBLISHED)
def test_a_published_block_has_the_planners_word(block: dict[str, Any], word: str) -> None:
    assert quantization_word({"quantization_config": block, "torch_dtype": "bfloat16"}) == word


def test_the_planner_knows_every_word_by_capability_or_size() -> None:
    known = {*LEAST_CAPABILITY, *(word.lower() for word in BYTES_PER_WEIGHT)}
    assert {word for _, word in PUBLISHED} <= known


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"torch_dtype": "bfloat16"}, "bf16"),
        ({"dtype": "float16"}, "fp16"),
        ({"torch_dtype": "float32"}, "fp32"),
        ({"text_config": {"dtype": "bfloat16"}}, "bf16"),
        ({}, ""),
        ({"quantization_config": {"quant_method": "quark"}}, "quark"),
        ({"quantization_config": compressed(numbers("int", 3))}, "compressed-tensors int3"),
        ({"quantization_config": {"quant_method": "modelopt"}}, "modelopt"),
        ({"text_config": {"quantization_config": {"quant_method": "awq"}}}, "awq"),
        ({"quantization_config": []}, ""),
        ({"quantization_config": {"config_groups": 1, "quant_method": "compressed-tensors"}},
         "compressed-tensors"),
    ],
)  # fmt: skip
def test_what_is_not_packed_or_not_known_keeps_its_own_word(
    config: dict[str, Any], word: str
) -> None:
    assert quantization_word(config) == word


def test_modelopts_file_beside_the_config_speaks_where_the_config_does_not() -> None:
    beside = {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}}
    assert quantization_word({"torch_dtype": "bfloat16"}, beside) == "nvfp4"
