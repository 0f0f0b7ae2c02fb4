"""Small safetensors models for tests, and files that lie."""

import json
import struct
from math import prod
from typing import Any

from deploys.catalogue.stored_tensors import BITS

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "max_position_embeddings": 512,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "torch_dtype": "bfloat16",
}
LAYER = {
    "self_attn.q_proj.weight": [64, 64],
    "self_attn.k_proj.weight": [32, 64],
    "self_attn.v_proj.weight": [32, 64],
    "self_attn.o_proj.weight": [64, 64],
    "mlp.gate_proj.weight": [128, 64],
    "mlp.up_proj.weight": [128, 64],
    "mlp.down_proj.weight": [64, 128],
    "input_layernorm.weight": [64],
    "post_attention_layernorm.weight": [64],
}
OUTER = {
    "model.embed_tokens.weight": [100, 64],
    "lm_head.weight": [100, 64],
    "model.norm.weight": [64],
}
TENSORS = {
    **OUTER,
    **{f"model.layers.{i}.{name}": shape for i in range(2) for name, shape in LAYER.items()},
}


def safetensors(shapes: dict[str, list[int]], dtype: str = "BF16") -> bytes:
    """A whole file of zeros."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in shapes.items():
        size = prod(shape) * BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    return with_header(json.dumps(header).encode(), offset)


def with_header(header: bytes, data_bytes: int) -> bytes:
    """A file of this header and so many zeros."""
    return struct.pack("<Q", len(header)) + header + bytes(data_bytes)


def model_files(config: dict[str, Any] | None = None, **files: bytes) -> dict[str, bytes]:
    """The model in two shards with what lies beside them; names with __ for each dot."""
    shards = [dict(list(TENSORS.items())[:9]), dict(list(TENSORS.items())[9:])]
    names = [f"model-{number:05d}-of-00002.safetensors" for number in (1, 2)]
    weight_map = {
        tensor: name for name, shard in zip(names, shards, strict=True) for tensor in shard
    }
    template = {"chat_template": "{{ messages }}"}
    return {
        "config.json": json.dumps(CONFIG if config is None else config).encode(),
        "model.safetensors.index.json": json.dumps({"weight_map": weight_map}).encode(),
        "tokenizer_config.json": json.dumps(template).encode(),
        "tokenizer.json": b"{}",
        "README.md": b"# a model",
        **{name: safetensors(shard) for name, shard in zip(names, shards, strict=True)},
        **{name.replace("__", "."): content for name, content in files.items()},
    }
