"""Tensors of a safetensors file: huggingface_hub reads the header, this holds it to the file."""

import struct
from collections.abc import Callable
from math import prod
from typing import NamedTuple

from huggingface_hub.errors import SafetensorsParsingError
from huggingface_hub.utils import SafetensorsFileMetadata

from deploys.catalogue.byte_sources import ByteSource
from deploys.settings.refusal import Complaint, Refused

LENGTH_BYTES = 8
# huggingface_hub reads headers up to this many (SAFETENSORS_MAX_HEADER_LENGTH).
READ_HEADER_BYTES = 25_000_000
# Bits per number, by safetensors' word (safetensors/src/tensor.rs, Dtype).
BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
GET_AGAIN = "get the file again; it was cut off or damaged on the way"


class StoredTensor(NamedTuple):
    """One tensor as the header describes it, checked against the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


def stored_tensors(
    source: ByteSource, parse: Callable[[], SafetensorsFileMetadata]
) -> tuple[StoredTensor, ...]:
    """`parse` reads the header once its length is known to be bearable; raises Refused."""
    length = _header_bytes(source)
    try:
        header = parse()
        tensors = tuple(_tensor(name, info) for name, info in header.tensors.items())
    except (SafetensorsParsingError, RecursionError, ValueError, TypeError, AttributeError):
        raise _refused(source, "is damaged: its header is no list of tensors") from None
    room = source.size_bytes - LENGTH_BYTES - length
    held = sum(tensor.size_bytes for tensor in tensors)
    if held != room:
        raise _refused(source, f"its header describes {held} bytes of tensors, it holds {room}")
    return tensors


def _header_bytes(source: ByteSource) -> int:
    with source.head(LENGTH_BYTES) as data:
        start = bytes(data[:LENGTH_BYTES])
    if len(start) < LENGTH_BYTES:
        raise _refused(source, f"is cut off: it is {len(start)} bytes long")
    if start.startswith(b"version "):
        found = "is a Git LFS pointer, not the file behind it"
        raise _refused(source, found, "run `git lfs pull` in that folder")
    length: int = struct.unpack("<Q", start)[0]
    if length > source.size_bytes - LENGTH_BYTES:
        found = f"says that its header has {length} bytes, and is {source.size_bytes} bytes long"
        raise _refused(source, found)
    if length > READ_HEADER_BYTES:
        found = f"has a header of {length >> 20} MiB; {READ_HEADER_BYTES >> 20} MiB are read"
        raise _refused(source, found, "another copy of the model, in more files")
    return length


def _tensor(name: str, info: object) -> StoredTensor:
    """Raises ValueError for what no tensor can be."""
    dtype, shape = getattr(info, "dtype", ""), getattr(info, "shape", None)
    begin, end = getattr(info, "data_offsets", (0, 0))
    numbers = [*(shape or ()), begin, end]
    whole = all(isinstance(number, int) and 0 <= number < 1 << 62 for number in numbers)
    if not isinstance(shape, list) or not whole or end < begin or not isinstance(dtype, str):
        raise ValueError(name)
    if dtype in BITS and prod(shape) * BITS[dtype] != (end - begin) * 8:
        raise ValueError(name)
    return StoredTensor(name, dtype, tuple(shape), end - begin)


def _refused(source: ByteSource, found: str, hint: str = GET_AGAIN) -> Refused:
    return Refused([Complaint(source.name, "", found, hint)])
