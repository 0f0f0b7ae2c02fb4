"""A tiny BERT of random weights as GGUF, in llama.cpp's words: for vectors, or for ranks.

The tokenizer knows single letters and a few words; the engine that reads it is the real one. The
same bytes come out on every machine.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from gguf import GGUFWriter, LlamaFileType, PoolingType, TokenType

Weights = npt.NDArray[np.float32]

LAYERS = 2
EMBEDDING = 64
FEED_FORWARD = 128
HEADS = 2
CONTEXT_TOKENS = 2048
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?"
# llama.cpp's converter keeps these in 32 bits (conversion/base.py).
WHOLE = ("token_types.weight", "position_embd.weight")
# U+2581 begins a word, as llama.cpp's converter writes WordPiece vocabularies.
TOKENS = (*SPECIAL, *(f"\u2581{letter}" for letter in LETTERS), *LETTERS)


def write_tiny_encoder(path: Path, kind: Literal["embedding", "rerank"] = "embedding") -> Path:
    """Writes it to `path`."""
    writer = GGUFWriter(path, "bert")
    _describe(writer, kind)
    for name, weights in _tensors(kind):
        whole = weights.ndim == 1 or name in WHOLE
        writer.add_tensor(name, weights if whole else weights.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: GGUFWriter, kind: Literal["embedding", "rerank"]) -> None:
    writer.add_name("tiny random encoder")
    writer.add_license("CC0-1.0")
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.RANK if kind == "rerank" else PoolingType.MEAN)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list(list(TOKENS))
    writer.add_token_types([*[TokenType.CONTROL] * 5, *[TokenType.NORMAL] * (len(TOKENS) - 5)])
    writer.add_token_type_count(2)
    for number, add in enumerate((writer.add_pad_token_id, writer.add_unk_token_id)):
        add(number)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_eos_token_id(3)
    writer.add_mask_token_id(4)


def _tensors(kind: Literal["embedding", "rerank"]) -> Iterator[tuple[str, Weights]]:
    yield "token_embd.weight", _random("token_embd", len(TOKENS), EMBEDDING)
    yield "token_types.weight", _random("token_types", 2, EMBEDDING)
    yield "position_embd.weight", _random("position_embd", CONTEXT_TOKENS, EMBEDDING)
    yield from _norm("token_embd_norm")
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield from _matrix(f"{block}.{name}", EMBEDDING, EMBEDDING)
        yield from _norm(f"{block}.attn_output_norm")
        yield from _matrix(f"{block}.ffn_up", FEED_FORWARD, EMBEDDING)
        yield from _matrix(f"{block}.ffn_down", EMBEDDING, FEED_FORWARD)
        yield from _norm(f"{block}.layer_output_norm")
    if kind == "rerank":
        yield from _matrix("cls", EMBEDDING, EMBEDDING)
        yield from _matrix("cls.output", 1, EMBEDDING)


def _matrix(name: str, rows: int, columns: int) -> Iterator[tuple[str, Weights]]:
    yield f"{name}.weight", _random(name, rows, columns)
    yield f"{name}.bias", np.zeros(rows, np.float32)


def _norm(name: str) -> Iterator[tuple[str, Weights]]:
    yield f"{name}.weight", np.ones(EMBEDDING, np.float32)
    yield f"{name}.bias", np.zeros(EMBEDDING, np.float32)


def _random(name: str, rows: int, columns: int) -> Weights:
    noise = hashlib.shake_256(f"tiny encoder {name}".encode()).digest(rows * columns)
    return np.frombuffer(noise, np.int8).reshape(rows, columns).astype(np.float32) / np.float32(512)
