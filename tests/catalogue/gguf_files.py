"""GGUF files for tests: small whole ones, and headers that lie."""

import os
import struct
from math import prod
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType, GGUFWriter

Words = dict[str, int | list[int] | str | None]
SHAPE: Words = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.feed_forward_length": 128,
    "llama.attention.head_count": 4,
    "llama.context_length": 512,
    "llama.vocab_size": 100,
}

TOWER: Words = {
    "general.architecture": "clip",
    "clip.projector_type": "gemma3",
    "clip.vision.embedding_length": 1152,
    "clip.vision.feed_forward_length": 4304,
    "clip.vision.image_size": 896,
    "clip.vision.patch_size": 14,
}


def write_gguf(path: Path, words: Words, *, tensors: bool = True) -> Path:
    """A GGUF file with the shape above, changed by `words`; None takes a word out."""
    writer = GGUFWriter(path, "llama")
    for key, value in {**SHAPE, **words}.items():
        if isinstance(value, int):
            writer.add_uint32(key, value)
        elif isinstance(value, str):
            writer.add_string(key, value)
        elif value is not None:
            writer.add_array(key, value)
    if tensors:
        writer.add_tensor("token_embd.weight", np.zeros((4, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def raw(path: Path, *parts: bytes) -> Path:
    """A file of the magic word and `parts`."""
    path.write_bytes(b"GGUF" + b"".join(parts))
    return path


def counts(tensors: int, entries: int) -> bytes:
    """Version 3 with so many tensors and entries."""
    return struct.pack("<IQQ", 3, tensors, entries)


def entry(key: str, kind: int, value: bytes) -> bytes:
    """One key with its type and the bytes of its value."""
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value


Tensors = dict[str, tuple[tuple[int, ...], GGMLQuantizationType]]
ALIGNMENT = 32


def sparse_gguf(path: Path, words: Words, tensors: Tensors) -> Path:
    """A file with this header and holes where its weights would be: large models cost nothing."""
    header = header_bytes(words, tensors)
    path.write_bytes(header)
    os.truncate(path, len(header) + sum(map(_padded, tensors.values())))
    return path


def header_bytes(words: Words, tensors: Tensors) -> bytes:
    """Version 3, padded to where the weights begin."""
    parts = [b"GGUF", counts(len(tensors), len(words))]
    parts += [_word(key, value) for key, value in words.items()]
    offset = 0
    for name, (dimensions, kind) in tensors.items():
        shape = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        parts += [_text(name), shape, struct.pack("<IQ", kind, offset)]
        offset += _padded((dimensions, kind))
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % ALIGNMENT)


def _padded(tensor: tuple[tuple[int, ...], GGMLQuantizationType]) -> int:
    dimensions, kind = tensor
    block, block_bytes = GGML_QUANT_SIZES[kind]
    return -(-prod(dimensions) // block * block_bytes // ALIGNMENT) * ALIGNMENT


def _word(key: str, value: int | list[int] | str | None) -> bytes:
    if isinstance(value, str):
        return entry(key, GGUFValueType.STRING, _text(value))
    if isinstance(value, list):
        items = struct.pack(f"<{len(value)}I", *value)
        return entry(
            key,
            GGUFValueType.ARRAY,
            struct.pack("<IQ", GGUFValueType.UINT32, len(value)) + items,
        )
    return entry(key, GGUFValueType.UINT32, struct.pack("<I", value or 0))


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()
