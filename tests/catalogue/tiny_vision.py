"""A tiny vision tower of random weights as GGUF (mmproj), as LLaVA 1.5 has one, for the tiny model.

The engine that reads it is the real one; what it sees means nothing to it, but an image becomes
TOKENS embeddings of the prompt. The same bytes come out on every machine.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGUFWriter, LlamaFileType

from deploys.catalogue import tiny

Weights = npt.NDArray[np.float32]

# The engine takes what the last layer but one says (clip.cpp, projector type `mlp`).
LAYERS = 2
EMBEDDING = 32
FEED_FORWARD = 64
HEADS = 2
IMAGE_PIXELS = 32
PATCH_PIXELS = 8
# Of one image; LLaVA's towers have one for each patch.
TOKENS = (IMAGE_PIXELS // PATCH_PIXELS) ** 2


def write_tiny_tower(path: Path) -> Path:
    """Writes it to `path`, which has to end in what says that it is a projector."""
    writer = GGUFWriter(path, "clip")
    _describe(writer)
    for name, weights in _tensors():
        writer.add_tensor(name, weights.astype(np.float16) if name in HALF else weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


# What is multiplied may be short, as llama.cpp's converter has it.
HALF = ("v.patch_embd.weight", "mm.0.weight", "mm.2.weight")


def _describe(writer: GGUFWriter) -> None:
    writer.add_name("tiny random tower")
    writer.add_license("CC0-1.0")
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("mlp")
    writer.add_vision_image_size(IMAGE_PIXELS)
    writer.add_vision_patch_size(PATCH_PIXELS)
    writer.add_vision_embedding_length(EMBEDDING)
    writer.add_vision_feed_forward_length(FEED_FORWARD)
    writer.add_vision_projection_dim(tiny.EMBEDDING)
    writer.add_vision_block_count(LAYERS)
    writer.add_vision_head_count(HEADS)
    writer.add_vision_attention_layernorm_eps(1e-5)
    writer.add_vision_image_mean([0.5, 0.5, 0.5])
    writer.add_vision_image_std([0.5, 0.5, 0.5])
    writer.add_vision_use_gelu(True)


def _tensors() -> Iterator[tuple[str, Weights]]:
    yield "v.class_embd", _random("class_embd", 1, EMBEDDING)[0]
    patches = _random("patch_embd", EMBEDDING, 3 * PATCH_PIXELS**2)
    yield "v.patch_embd.weight", patches.reshape(EMBEDDING, 3, PATCH_PIXELS, PATCH_PIXELS)
    yield "v.position_embd.weight", _random("position_embd", TOKENS + 1, EMBEDDING)
    yield from _norm("v.pre_ln")
    for layer in range(LAYERS):
        block = f"v.blk.{layer}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            yield from _matrix(f"{block}.{name}", EMBEDDING, EMBEDDING)
        yield from _norm(f"{block}.ln1")
        yield from _matrix(f"{block}.ffn_up", FEED_FORWARD, EMBEDDING)
        yield from _matrix(f"{block}.ffn_down", EMBEDDING, FEED_FORWARD)
        yield from _norm(f"{block}.ln2")
    yield from _matrix("mm.0", tiny.EMBEDDING, EMBEDDING)
    yield from _matrix("mm.2", tiny.EMBEDDING, tiny.EMBEDDING)


def _matrix(name: str, rows: int, columns: int) -> Iterator[tuple[str, Weights]]:
    yield f"{name}.weight", _random(name, rows, columns)
    yield f"{name}.bias", np.zeros(rows, np.float32)


def _norm(name: str) -> Iterator[tuple[str, Weights]]:
    yield f"{name}.weight", np.ones(EMBEDDING, np.float32)
    yield f"{name}.bias", np.zeros(EMBEDDING, np.float32)


def _random(name: str, rows: int, columns: int) -> Weights:
    noise = hashlib.shake_256(f"tiny tower {name}".encode()).digest(rows * columns)
    return np.frombuffer(noise, np.int8).reshape(rows, columns).astype(np.float32) / np.float32(512)
