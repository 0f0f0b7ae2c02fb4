"""Walks the header of a GGUF file without believing a number that the file cannot hold.

The layout is that of the specification in ggml's docs/gguf.md, versions 2 and 3. The gguf package
reads it too, but builds an array per string and allocates what a damaged header asks for.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType

Value = int | float | bool | str | list[int] | None

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_DIMENSIONS = 4
# Least bytes of one key with its value, and of one tensor's description.
ENTRY_BYTES = 13
TENSOR_BYTES = 24
# Far more than any model has, and few enough to be walked in seconds.
MOST_THINGS = 1 << 24
LONGEST_TEXT_BYTES = 1 << 24
# Numbers per layer are kept; token lists and merges are only counted.
KEPT_NUMBERS = 4096

_FORMATS = {
    GGUFValueType.UINT8: "<B",
    GGUFValueType.INT8: "<b",
    GGUFValueType.UINT16: "<H",
    GGUFValueType.INT16: "<h",
    GGUFValueType.UINT32: "<I",
    GGUFValueType.INT32: "<i",
    GGUFValueType.FLOAT32: "<f",
    GGUFValueType.BOOL: "<?",
    GGUFValueType.UINT64: "<Q",
    GGUFValueType.INT64: "<q",
    GGUFValueType.FLOAT64: "<d",
}


class Malformed(Exception):
    """Why the file cannot be what it says it is."""


@dataclass(frozen=True)
class Contents:
    """What the header says, checked against the size of the file."""

    values: dict[str, Value]
    counts: dict[str, int]
    """Lengths of all lists."""
    weights_bytes: int
    tensor_types: dict[str, int]
    """Bytes per quantization."""


class _Cursor:
    """A position in the file that never passes its end."""

    def __init__(self, data: mmap) -> None:
        self.data = data
        self.position = 0

    def skip(self, length: int) -> int:
        """Moves on and returns where it was."""
        start = self.position
        if length > len(self.data) - start:
            raise Malformed(
                f"is cut off: its header goes on after the last byte ({len(self.data)})"
            )
        self.position += length
        return start

    def number(self, form: str) -> int:
        """One number in the given struct format."""
        start = self.skip(struct.calcsize(form))
        value: int = struct.unpack_from(form, self.data, start)[0]
        return value

    def text(self) -> str:
        """One string: its length, then its bytes."""
        length = self.number("<Q")
        start = self.skip(length)
        if length > LONGEST_TEXT_BYTES:
            raise Malformed(f"is damaged: its header holds a text of {length} bytes")
        return self.data[start : start + length].decode("utf-8", "replace")

    def count(self, what: str, least_bytes: int) -> int:
        """A number of things of at least `least_bytes` each."""
        number = self.number("<Q")
        room = len(self.data) - self.position
        if number * least_bytes > room:
            raise Malformed(f"is cut off or damaged: {number} {what} do not fit into {room} bytes")
        if number > MOST_THINGS:
            raise Malformed(f"is damaged: its header asks for {number} {what}")
        return number


def read_contents(data: mmap) -> Contents:
    """Reads the whole header; raises Malformed."""
    cursor = _Cursor(data)
    cursor.skip(len(MAGIC))
    version = cursor.number("<I")
    if version not in VERSIONS:
        kind = "big-endian" if version & 0xFFFF == 0 else f"version {version}"
        raise Malformed(f"is GGUF of a kind that the engines here do not read: {kind}")
    tensors = cursor.count("tensors", TENSOR_BYTES)
    entries = cursor.count("entries", ENTRY_BYTES)
    values: dict[str, Value] = {}
    counts: dict[str, int] = {}
    for _ in range(entries):
        key = cursor.text()
        values[key] = _value(cursor, key, counts, _type(cursor, key))
    sizes = list(_tensors(cursor, tensors))
    _refuse_missing_data(cursor, values, sizes)
    types: dict[str, int] = {}
    for quantization, _, size in sizes:
        types[quantization.name] = types.get(quantization.name, 0) + size
    return Contents(values, counts, sum(types.values()), types)


def _type(cursor: _Cursor, key: str) -> GGUFValueType:
    number = cursor.number("<I")
    try:
        return GGUFValueType(number)
    except ValueError:
        raise Malformed(f"is damaged: {key[:60]!r} has the unknown type {number}") from None


def _value(cursor: _Cursor, key: str, counts: dict[str, int], kind: GGUFValueType) -> Value:
    if kind == GGUFValueType.STRING:
        return cursor.text()
    if kind != GGUFValueType.ARRAY:
        return cursor.number(_FORMATS[kind])
    item = _type(cursor, key)
    if item == GGUFValueType.ARRAY:
        raise Malformed(f"is damaged: {key[:60]!r} holds lists of lists")
    size = 8 if item == GGUFValueType.STRING else struct.calcsize(_FORMATS[item])
    counts[key] = cursor.count(f"items of {key[:60]!r}", size)
    if item == GGUFValueType.STRING:
        for _ in range(counts[key]):
            cursor.skip(cursor.number("<Q"))
        return None
    if counts[key] > KEPT_NUMBERS:
        cursor.skip(size * counts[key])
        return None
    return [cursor.number(_FORMATS[item]) for _ in range(counts[key])]


def _tensors(cursor: _Cursor, count: int) -> Iterator[tuple[GGMLQuantizationType, int, int]]:
    """Quantization, offset and bytes of each tensor."""
    for _ in range(count):
        name = cursor.text()[:60]
        dimensions = cursor.number("<I")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise Malformed(f"is damaged: tensor {name!r} has {dimensions} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= cursor.number("<Q")
        number = cursor.number("<I")
        try:
            kind = GGMLQuantizationType(number)
        except ValueError:
            raise Malformed(f"has tensors of the unknown quantization {number}") from None
        block, block_bytes = GGML_QUANT_SIZES[kind]
        yield kind, cursor.number("<Q"), elements * block_bytes // block


def _refuse_missing_data(
    cursor: _Cursor, values: dict[str, Value], sizes: list[tuple[GGMLQuantizationType, int, int]]
) -> None:
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1:
        raise Malformed(f"is damaged: its alignment is {alignment!r}")
    start = -(-cursor.position // alignment) * alignment
    needed = start + max((offset + size for _, offset, size in sizes), default=0)
    if needed > len(cursor.data):
        raise Malformed(
            f"is cut off: it is {len(cursor.data)} bytes long, its header asks for {needed}"
        )
