"""The whole header of a GGUF file: its entries and its tensors, checked against the file's size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from mmap import mmap

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from deploys.catalogue.gguf_bytes import (
    ENTRY_BYTES,
    MAGIC,
    MOST_ENTRIES,
    Cursor,
    Malformed,
    Value,
    read_entries,
)

VERSIONS = (2, 3)
MAX_DIMENSIONS = 4
# Least bytes of one tensor's description.
TENSOR_BYTES = 24
# DeepSeek-V3 with its experts unmerged would have 46,000.
MOST_TENSORS = 1 << 17


@dataclass(frozen=True)
class TensorInfo:
    """One tensor as the header describes it; a row is its first dimension, as GGML counts."""

    name: str
    dimensions: tuple[int, ...]
    type: str
    size_bytes: int


@dataclass(frozen=True)
class Contents:
    """What a header says; of a split file, what all its parts say."""

    values: dict[str, Value]
    counts: dict[str, int]
    """Lengths of all lists."""
    tensors: tuple[TensorInfo, ...]

    def text(self, key: str) -> str:
        """A text of the header; empty where there is none."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int | None = None) -> int | None:
        """A whole number of the header; `default` where there is none. A list is no number."""
        value = self.values.get(key, default)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def numbers(self, key: str) -> list[int] | None:
        """A list with one number per layer."""
        value = self.values.get(key)
        return value if isinstance(value, list) and value else None


def read_contents(data: mmap | bytes, whole_bytes: int) -> Contents:
    """Reads a header from the first bytes of a file; raises Malformed or MoreNeeded."""
    cursor = Cursor(data, whole_bytes)
    cursor.skip(len(MAGIC))
    version = cursor.number("<I")
    if version not in VERSIONS:
        kind = "big-endian" if version & 0xFFFF == 0 else f"version {version}"
        raise Malformed(f"is GGUF of a kind that the engines here do not read: {kind}")
    tensors = cursor.count("tensors", TENSOR_BYTES, MOST_TENSORS)
    entries = cursor.count("entries", ENTRY_BYTES, MOST_ENTRIES)
    values, counts = read_entries(cursor, entries)
    described = [_tensor(cursor) for _ in range(tensors)]
    _refuse_missing_data(cursor, values, described)
    contents = Contents(values, counts, tuple(tensor for tensor, _ in described))
    return _without_doubles(contents)


def joined(parts: Sequence[Contents]) -> Contents:
    """What the parts of a split file say together; raises Malformed.

    llama-gguf-split puts every entry into the first part and numbers them all.
    """
    if len(parts) == 1:
        return parts[0]
    for number, part in enumerate(parts):
        found = (part.number("split.no"), part.number("split.count"))
        if found != (number, len(parts)):
            raise Malformed(f"is part {found[0]} of {found[1]}, not {number} of {len(parts)}")
    tensors = tuple(tensor for part in parts for tensor in part.tensors)
    stated = parts[0].number("split.tensors.count")
    if stated is not None and stated != len(tensors):
        raise Malformed(f"has {len(tensors)} tensors in its parts, and says {stated}")
    return _without_doubles(replace(parts[0], tensors=tensors))


def _tensor(cursor: Cursor) -> tuple[TensorInfo, int]:
    """One tensor and its offset."""
    name = cursor.text("the tensor")
    short = name[:60]
    count = cursor.number("<I")
    if not 1 <= count <= MAX_DIMENSIONS:
        raise Malformed(f"is damaged: tensor {short!r} has {count} dimensions")
    dimensions = tuple(cursor.number("<Q") for _ in range(count))
    number = cursor.number("<I")
    try:
        kind = GGMLQuantizationType(number)
    except ValueError:
        raise Malformed(f"has tensors of the unknown quantization {number}") from None
    block, block_bytes = GGML_QUANT_SIZES[kind]
    elements = prod(dimensions)
    if not elements or dimensions[0] % block:
        raise Malformed(
            f"is damaged: tensor {short!r} of {kind.name} has the dimensions {list(dimensions)}"
        )
    size = elements // int(block) * int(block_bytes)
    return TensorInfo(name, dimensions, kind.name, size), cursor.number("<Q")


def _refuse_missing_data(
    cursor: Cursor, values: dict[str, Value], described: list[tuple[TensorInfo, int]]
) -> None:
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1:
        raise Malformed(f"is damaged: its alignment is {alignment!r}")
    start = -(-cursor.position // alignment) * alignment
    ends = [offset + tensor.size_bytes for tensor, offset in described]
    # Their sum too: tensors may not lie in each other.
    total = sum(tensor.size_bytes for tensor, _ in described)
    needed = start + max([*ends, total], default=0)
    if needed > cursor.whole_bytes:
        raise Malformed(
            f"is cut off: it is {cursor.whole_bytes} bytes long, its header asks for {needed}"
        )


def _without_doubles(contents: Contents) -> Contents:
    seen: set[str] = set()
    for tensor in contents.tensors:
        if tensor.name in seen:
            raise Malformed(f"is damaged: tensor {tensor.name[:60]!r} stands there twice")
        seen.add(tensor.name)
    return contents
