"""GGUF files for tests: small whole ones, and headers that lie."""

import struct
from pathlib import Path

import numpy as np
from gguf import GGUFWriter

Words = dict[str, int | list[int] | str | None]
SHAPE: Words = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.feed_forward_length": 128,
    "llama.attention.head_count": 4,
    "llama.context_length": 512,
    "llama.vocab_size": 100,
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
