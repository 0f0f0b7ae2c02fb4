"""A model as a GGUF header alone: the file is as long as the model, and holds nothing."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.quantization_mix import TypedTensor, typed_tensors
from deploys.plan.memory.tensors import tensors_of

Value = int | float | str | bool | list[int]


@cache
def tensor_bytes(shape: Architecture, file_type: str) -> Mapping[str, int]:
    """What the header lists, by tensor name."""
    return {entry.tensor.name: entry.size_bytes for entry in _typed(shape, file_type)}


@cache
def _typed(shape: Architecture, file_type: str) -> tuple[TypedTensor, ...]:
    tensors = tensors_of(shape)
    assert tensors is not None
    return typed_tensors(shape, tensors, file_type, importance_matrix=False)


def write_header(path: Path, shape: Architecture, file_type: str) -> None:
    """Writes the file, which takes no room on the disk."""
    typed = _typed(shape, file_type)
    writer = GGUFWriter(path, shape.name)
    for key, value in metadata(shape).items():
        _add(writer, key, value)
    for entry in typed:
        _add_tensor(writer, entry)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as file:
        file.truncate(_padded(path.stat().st_size) + sum(_padded(one.size_bytes) for one in typed))


def _padded(size_bytes: int) -> int:
    """To the next multiple of GGUF's alignment."""
    return -(-size_bytes // 32) * 32


def _add_tensor(writer: GGUFWriter, entry: TypedTensor) -> None:
    kind = GGMLQuantizationType[entry.type_name.upper()]
    shape = tuple(reversed(entry.tensor.shape))
    # Any NumPy type but uint8: the shape is in elements, not in bytes of blocks.
    dtype = np.dtype(np.float32)
    writer.add_tensor_info(entry.tensor.name, shape, dtype, entry.size_bytes, raw_dtype=kind)


def _add(writer: GGUFWriter, key: str, value: Value) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def metadata(shape: Architecture) -> dict[str, Value]:
    """What llama.cpp's loaders ask for (src/models/*.cpp, load_arch_hparams)."""
    words = _dimensions(shape) | _experts(shape) | _attention(shape) | _recurrent(shape)
    # No vocabulary: its words cost no memory on a GPU.
    return {"tokenizer.ggml.model": "none"} | {
        f"{shape.name}.{key}": value for key, value in words.items()
    }


def _dimensions(shape: Architecture) -> dict[str, Value]:
    latent = shape.latent_attention
    return {
        "vocab_size": shape.vocabulary_size,
        "context_length": shape.context_tokens,
        "block_count": shape.layers,
        "embedding_length": shape.embedding_length,
        "feed_forward_length": shape.feed_forward_length,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.key_length": shape.key_length,
        "attention.value_length": shape.value_length,
        "attention.layer_norm_epsilon": 1e-5,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": latent.rope_length if latent else shape.key_length,
        "rope.freq_base": 1e6,
        "logit_scale": 1.0,
        "use_parallel_residual": True,
    }


def _experts(shape: Architecture) -> dict[str, Value]:
    experts = shape.experts
    if experts is None:
        return {}
    hidden, shared = experts.feed_forward_length, experts.shared_feed_forward_length
    return {
        "expert_count": experts.count,
        "expert_used_count": experts.used,
        "expert_feed_forward_length": hidden,
        "expert_shared_feed_forward_length": shared,
        "expert_shared_count": shared // hidden,
        "leading_dense_block_count": experts.leading_dense_layers,
        "expert_weights_scale": 1.0,
        "expert_weights_norm": True,
        "expert_gating_func": 1,
    }


def _attention(shape: Architecture) -> dict[str, Value]:
    words: dict[str, Value] = {}
    if shape.sliding_window:
        words["attention.sliding_window"] = shape.sliding_window.tokens
    latent = shape.latent_attention
    if latent:
        words |= {
            "attention.q_lora_rank": latent.query_rank,
            "attention.kv_lora_rank": latent.kv_rank,
            "attention.key_length_mla": latent.nope_length + latent.rope_length,
            "attention.value_length_mla": latent.value_length,
        }
    return words


def _recurrent(shape: Architecture) -> dict[str, Value]:
    state = shape.recurrent
    if state is None:
        return {}
    return {
        "ssm.conv_kernel": state.convolution_kernel,
        "ssm.inner_size": state.inner_length,
        "ssm.state_size": state.state_length,
        "ssm.time_step_rank": state.time_step_rank,
        "ssm.group_count": state.groups,
        "full_attention_interval": state.attention_every,
        "rope.dimension_sections": [11, 11, 10, 0],
    }
