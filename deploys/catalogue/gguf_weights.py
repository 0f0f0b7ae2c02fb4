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
    plain, experts = _by_block(contents, layers)
    parts = {"token_embd.weight": 0, "output.weight": 0, "": 0}
    types: dict[str, int] = {}
    for tensor in contents.tensors:
        types[tensor.type] = types.get(tensor.type, 0) + tensor.size_bytes
        if _block(tensor) not in range(layers):
            parts[tensor.name if tensor.name in parts else ""] += tensor.size_bytes
    others = [tensor for tensor in contents.tensors if tensor.name != "token_embd.weight"]
    return WeightFacts(
        token_embedding_bytes=parts["token_embd.weight"],
        output_bytes=parts["output.weight"],
        layer_bytes=tuple(map(sum, plain)),
        expert_bytes=tuple(map(sum, experts)),
        other_bytes=parts[""],
        largest_tensor_bytes=_largest(others),
        largest_expert_bytes=_largest([tensor for tensor in others if is_expert(tensor)]),
        layer_largest_bytes=tuple(max(sizes, default=0) for sizes in plain),
        expert_largest_bytes=tuple(max(sizes, default=0) for sizes in experts),
        type_bytes=dict(sorted(types.items())),
    )


def _by_block(contents: Contents, layers: int) -> tuple[list[list[int]], list[list[int]]]:
    """Sizes of the tensors of each block: without the routed experts, and of those."""
    plain: list[list[int]] = [[] for _ in range(layers)]
    experts: list[list[int]] = [[] for _ in range(layers)]
    for tensor in contents.tensors:
        block = _block(tensor)
        if block is not None and block < layers:
            (experts if is_expert(tensor) else plain)[block].append(tensor.size_bytes)
    return plain, experts


def _block(tensor: TensorInfo) -> int | None:
    found = BLOCK.match(tensor.name)
    return int(found[1]) if found else None


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
    numbers = (_block(tensor) for tensor in contents.tensors)
    last = max((number for number in numbers if number is not None), default=-1)
    if stated is None:
        # No more blocks than tensors: a number alone makes no list long.
        return last + 1 if last < len(contents.tensors) else 0
    if last >= stated:
        raise Malformed(f"is damaged: it has a block {last}, and states {stated} blocks")
    return stated


def _largest(tensors: list[TensorInfo]) -> int:
    return max((tensor.size_bytes for tensor in tensors), default=0)
