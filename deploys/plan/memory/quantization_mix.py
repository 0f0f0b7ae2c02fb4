"""Which GGML type `llama-quantize` gives each tensor of a file type, so that sizes need no file.

Follows src/llama-quant.cpp of commit 0c1e57098b (tensor_allows_quantization,
llama_tensor_get_type_impl, tensor_type_fallback). "Dynamic" mixes (UD-...) follow no published
rule: their header must be read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import ggml_types
from deploys.plan.memory.quantization_rules import (
    ATTENTION_V,
    Place,
    attention_output_type,
    attention_v_type,
    coarse_type,
    feed_forward_type,
    query_key_type,
)
from deploys.plan.memory.tensors import Tensor

# llama_ftype_get_default_type: the type of every tensor that no rule names.
DEFAULT_TYPES = {
    "F32": "f32",
    "F16": "f16",
    "BF16": "bf16",
    "Q4_0": "q4_0",
    "Q4_1": "q4_1",
    "Q5_0": "q5_0",
    "Q5_1": "q5_1",
    "Q8_0": "q8_0",
    "MXFP4_MOE": "mxfp4",
    "Q2_K": "q2_k",
    "Q2_K_S": "q2_k",
    "Q3_K_S": "q3_k",
    "Q3_K_M": "q3_k",
    "Q3_K_L": "q3_k",
    "Q4_K_S": "q4_k",
    "Q4_K_M": "q4_k",
    "Q5_K_S": "q5_k",
    "Q5_K_M": "q5_k",
    "Q6_K": "q6_k",
    "IQ1_S": "iq1_s",
    "IQ1_M": "iq1_m",
    "IQ2_XXS": "iq2_xxs",
    "IQ2_XS": "iq2_xs",
    "IQ2_S": "iq2_xs",
    "IQ2_M": "iq2_s",
    "IQ3_XXS": "iq3_xxs",
    "IQ3_XS": "iq3_s",
    "IQ3_S": "iq3_s",
    "IQ3_M": "iq3_s",
    "IQ4_NL": "iq4_nl",
    "IQ4_XS": "iq4_xs",
}
_COARSE = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M")
# Kept as the converter wrote them: small, and sensitive.
_KEPT = ("_norm.weight", "ffn_gate_inp.weight", "ssm_conv1d", "ffn_gate_inp_shexp")
# tensor_type_fallback: what takes rows that are not a multiple of 256.
_FALLBACK = {
    "q2_k": "q4_0",
    "q3_k": "q4_0",
    "q4_k": "q5_0",
    "q5_k": "q5_1",
    "q6_k": "q8_0",
}


@dataclass(frozen=True)
class TypedTensor:
    """A tensor and the GGML type of its numbers."""

    tensor: Tensor
    type_name: str

    @property
    def size_bytes(self) -> int:
        """Bytes in the file and in memory."""
        return ggml_types.size_bytes(self.type_name, self.tensor.elements)


def typed_tensors(
    shape: Architecture, tensors: Sequence[Tensor], file_type: str, importance_matrix: bool
) -> tuple[TypedTensor, ...]:
    """Every tensor with its type in a file of `file_type`; raises KeyError for an unknown one."""
    default = DEFAULT_TYPES[file_type]
    ordered = sorted(tensors, key=lambda tensor: (_layer_of(tensor.name), tensor.name))
    places = _places(shape, ordered, file_type, importance_matrix)
    return tuple(
        TypedTensor(tensor, _type(tensor, place, default))
        for tensor, place in zip(ordered, places, strict=True)
    )


def _type(tensor: Tensor, place: Place, default: str) -> str:
    if not is_quantizable(tensor):
        return "f32"
    if not ggml_types.is_quantized(default):
        return default
    return _fitting(_wanted(tensor, place, default), tensor.shape[0])


def is_quantizable(tensor: Tensor) -> bool:
    """Matrices of weights are; vectors, norms and routers stay f32."""
    if len(tensor.shape) < 2 or not tensor.name.endswith("weight"):
        return False
    return not any(kept in tensor.name for kept in _KEPT)


def _wanted(tensor: Tensor, place: Place, default: str) -> str:
    if place.is_output:
        return _output_type(place.file_type, default, tensor.shape[0])
    if place.file_type == "MXFP4_MOE":
        return "mxfp4" if len(tensor.shape) > 2 else "q8_0"
    if tensor.name == "token_embd.weight":
        return _embedding_type(place.file_type, default)
    if place.file_type in _COARSE:
        return coarse_type(tensor.name, place, default)
    for rule in (attention_v_type, query_key_type, feed_forward_type, attention_output_type):
        found = rule(tensor.name, place, default)
        if found:
            return found
    return default


def _output_type(file_type: str, default: str, row: int) -> str:
    if file_type == "MXFP4_MOE" or row % ggml_types.block(default)[0]:
        return "q8_0"
    if file_type in (*_COARSE, "IQ3_XXS"):
        return "q5_k"
    return default if default == "q8_0" else "q6_k"


def _embedding_type(file_type: str, default: str) -> str:
    if file_type in ("IQ2_XXS", "IQ2_XS", "IQ1_S", "IQ1_M"):
        return "q2_k"
    if file_type in ("IQ2_S", "IQ2_M", "IQ3_XXS"):
        return "iq3_s"
    return default


def _fitting(wanted: str, row: int) -> str:
    if row % ggml_types.block(wanted)[0] == 0:
        return wanted
    fallback = _FALLBACK.get(wanted, "iq4_nl" if wanted.startswith("iq") else wanted)
    return fallback if row % ggml_types.block(fallback)[0] == 0 else "f16"


def _places(
    shape: Architecture, tensors: Sequence[Tensor], file_type: str, importance_matrix: bool
) -> Iterator[Place]:
    values = sum(_holds_values(tensor) for tensor in tensors)
    tied = all(tensor.name != "output.weight" for tensor in tensors)
    output = "token_embd.weight" if tied else "output.weight"
    model = Place(
        file_type=file_type,
        importance_matrix=importance_matrix,
        experts=shape.experts.count if shape.experts else 0,
        heads_per_kv_head=shape.heads // shape.kv_heads,
        # llama.cpp's LLM_TYPE_70B: 80 layers with grouped queries (src/models/llama.cpp).
        is_70b=shape.name == "llama" and shape.layers == 80 and shape.heads > shape.kv_heads,
        values=values,
        layers=shape.layers + shape.draft_layers,
    )
    seen_values = seen_downs = 0
    for tensor in tensors:
        layer = _layer_of(tensor.name)
        # With experts the layer's number counts, else how many came before.
        down = layer if shape.experts else seen_downs
        yield replace(
            model,
            is_output=tensor.name == output,
            value_index=seen_values,
            down_index=down,
            downs_seen=seen_downs,
            layer=layer,
        )
        seen_values += _holds_values(tensor)
        seen_downs += "ffn_down" in tensor.name


def _holds_values(tensor: Tensor) -> bool:
    return any(word in tensor.name for word in ATTENTION_V)


def _layer_of(name: str) -> int:
    return int(name.split(".")[1]) if name.startswith("blk.") else -1
