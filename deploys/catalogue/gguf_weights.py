"""The tensors of a GGUF header, added up by the part of the model that they belong to."""

import re

from gguf import LlamaFileType

from deploys.catalogue.gguf_bytes import Malformed
from deploys.catalogue.gguf_contents import Contents, TensorInfo
from deploys.catalogue.weight_facts import WeightFacts

BLOCK = re.compile(r"blk\.(\d{1,6})\.")
FLOATS = ("F32", "F16", "BF16", "F64")


def weight_facts(contents: Contents, blocks: int | None) -> WeightFacts:
    """`blocks` is what the header states; None: an unknown architecture, whose names may count."""
    layers = _blocks(contents, blocks)
    layer_bytes, expert_bytes = [0] * layers, [0] * layers
    parts = {"token_embd.weight": 0, "output.weight": 0, "": 0}
    types: dict[str, int] = {}
    for tensor in contents.tensors:
        types[tensor.type] = types.get(tensor.type, 0) + tensor.size_bytes
        block = BLOCK.match(tensor.name)
        if block and int(block[1]) < layers:
            into = expert_bytes if is_expert(tensor) else layer_bytes
            into[int(block[1])] += tensor.size_bytes
        else:
            parts[tensor.name if tensor.name in parts else ""] += tensor.size_bytes
    others = [tensor for tensor in contents.tensors if tensor.name != "token_embd.weight"]
    return WeightFacts(
        token_embedding_bytes=parts["token_embd.weight"],
        output_bytes=parts["output.weight"],
        layer_bytes=tuple(layer_bytes),
        expert_bytes=tuple(expert_bytes),
        other_bytes=parts[""],
        largest_tensor_bytes=_largest(others),
        largest_expert_bytes=_largest([tensor for tensor in others if is_expert(tensor)]),
        type_bytes=dict(sorted(types.items())),
    )


def quantization(contents: Contents) -> str:
    """llama.cpp's file type; what most tensors are where there is none, or none of its kind.

    A mix such as Q4_K_M keeps some tensors in other types, but always has tensors of its own.
    """
    types: dict[str, int] = {}
    for tensor in contents.tensors:
        types[tensor.type] = types.get(tensor.type, 0) + tensor.size_bytes
    stated = _file_type(contents)
    if stated and any(name.startswith(stated.split("_")[0]) for name in types):
        return stated
    quantized = {name: size for name, size in types.items() if name not in FLOATS} or types
    return max(quantized, key=lambda name: quantized[name])


def is_expert(tensor: TensorInfo) -> bool:
    """Whether a tensor holds routed experts (common/arg.cpp, --cpu-moe: `_exps`)."""
    return "_exps." in tensor.name


def _file_type(contents: Contents) -> str:
    number = contents.number("general.file_type")
    if number not in set(LlamaFileType) or number == LlamaFileType.GUESSED:
        return ""
    return LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")


def _blocks(contents: Contents, stated: int | None) -> int:
    numbers = [int(found[1]) for t in contents.tensors if (found := BLOCK.match(t.name))]
    last = max(numbers, default=-1)
    if stated is None:
        # No more blocks than tensors: a number alone makes no list long.
        return last + 1 if last < len(contents.tensors) else 0
    if last >= stated:
        raise Malformed(f"is damaged: it has a block {last}, and states {stated} blocks")
    return stated


def _largest(tensors: list[TensorInfo]) -> int:
    return max((tensor.size_bytes for tensor in tensors), default=0)
