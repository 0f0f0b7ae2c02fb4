"""Makes the demo's model: a tiny GGUF that talks nonsense in plain words.

Its weights are random but for a few hand-set ones, which make it say words rather than bytes and
come to an end after a hundred or so. The engine that runs it is the real one. The same bytes
come out on every machine: all numbers are small integers from SHAKE-256 times powers of two, which
16-bit floats hold exactly, and nothing names a date or a version.

Run: python -m deploys.catalogue.tiny PATH
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGUFWriter, LlamaFileType

from deploys.catalogue import tiny_tokenizer as tokenizer

Weights = npt.NDArray[np.float32]

LAYERS = 4
EMBEDDING = 64
FEED_FORWARD = 128
HEADS = 2
KV_HEADS = 1
# 64 is the smallest head that flash attention on a GPU takes, and a multiple of q8_0's 32.
HEAD = 64
CONTEXT_TOKENS = 4096

# Channels of the embedding with a meaning; the rest is random. Random weights never write these.
ALWAYS, READ, SAID, START, AGE = range(5)
# The last pair of a head turns by 0.01 rad over the whole context: position hardly matters there.
STILL = HEAD - 2


def write_tiny(path: Path, template: str = tokenizer.TEMPLATE) -> Path:
    """Writes the model to `path`, which is complete or not there at all; `template` is that of
    its chats.
    """
    part = path.with_name(f"{path.name}.part")
    writer = GGUFWriter(part, "llama")
    _describe_shape(writer)
    _describe_tokenizer(writer, template)
    for name, weights in _tensors():
        # llama.cpp wants one-dimensional tensors in 32 bits.
        writer.add_tensor(name, weights if weights.ndim == 1 else weights.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return part.replace(path)


def _describe_shape(writer: GGUFWriter) -> None:
    writer.add_name("Homeport tiny random")
    writer.add_description("Random weights, made on the spot: talks nonsense by design.")
    writer.add_license("CC0-1.0")
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(500_000.0)
    writer.add_layer_norm_rms_eps(1e-5)


def _describe_tokenizer(writer: GGUFWriter, template: str) -> None:
    tokens = tokenizer.tokens()
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(tokenizer.token_types())
    writer.add_unk_token_id(tokenizer.UNKNOWN)
    writer.add_bos_token_id(tokenizer.BEGIN)
    writer.add_eos_token_id(tokenizer.END)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template)


def _tensors() -> Iterator[tuple[str, Weights]]:
    embedding = _embedding()
    yield "token_embd.weight", embedding
    for layer in range(LAYERS):
        yield from _layer(f"blk.{layer}", counts=layer == 0)
    yield "output_norm.weight", np.ones(EMBEDDING, np.float32)
    yield "output.weight", _output(embedding)


def _embedding() -> Weights:
    weights = _random("embedding", len(tokenizer.tokens()), EMBEDDING, 1)
    weights[:, : AGE + 1] = 0
    weights[:, ALWAYS] = 4
    weights[: tokenizer.first_word(), READ] = 4
    weights[tokenizer.first_word() :, SAID] = 4
    weights[tokenizer.ASSISTANT, READ] = 0
    weights[tokenizer.ASSISTANT, START] = 4
    return weights


def _layer(block: str, *, counts: bool) -> Iterator[tuple[str, Weights]]:
    query = _random(f"{block}.query", HEADS * HEAD, EMBEDDING, 1 / 8)
    key = _random(f"{block}.key", KV_HEADS * HEAD, EMBEDDING, 1 / 8)
    value = _random(f"{block}.value", KV_HEADS * HEAD, EMBEDDING, 1 / 4)
    output = _random(f"{block}.output", EMBEDDING, HEADS * HEAD, 1 / 8)
    down = _random(f"{block}.down", EMBEDDING, FEED_FORWARD, 1 / 4)
    output[: AGE + 1] = 0
    down[: AGE + 1] = 0
    gate = _random(f"{block}.gate", FEED_FORWARD, EMBEDDING, 1 / 4)
    up = _random(f"{block}.up", FEED_FORWARD, EMBEDDING, 1 / 4)
    # What is the same for every word must not make some words favourites.
    for weights in (value, gate, up):
        weights[:, : AGE + 1] = 0
    if counts:
        _count_words(query, key, value, output)
    ones = np.ones(EMBEDDING, np.float32)
    yield f"{block}.attn_norm.weight", ones
    yield f"{block}.attn_q.weight", query
    yield f"{block}.attn_k.weight", key
    yield f"{block}.attn_v.weight", value
    yield f"{block}.attn_output.weight", output
    yield f"{block}.ffn_norm.weight", ones
    yield f"{block}.ffn_gate.weight", gate
    yield f"{block}.ffn_up.weight", up
    yield f"{block}.ffn_down.weight", down


def _count_words(query: Weights, key: Weights, value: Weights, output: Weights) -> None:
    """Makes the first head look at the answer's start (weight e^4.6 = 100) and its words (1 each).

    What it sees of the start shrinks as 100 / (100 + words) and goes into the channel AGE.
    """
    query[:HEAD] = 0
    query[STILL, ALWAYS] = 1
    key[STILL : STILL + 2] = 0
    key[STILL, START] = 2
    key[STILL, READ] = -6
    value[0] = 0
    value[0, START] = 1
    output[:, :HEAD] = 0
    output[AGE, 0] = 1


def _output(embedding: Weights) -> Weights:
    weights = _random("output", len(embedding), EMBEDDING, 1 / 2)
    weights[:, : AGE + 1] = 0
    # A word hardly follows itself.
    weights[:, AGE + 1 :] -= embedding[:, AGE + 1 :] / 4
    weights[: tokenizer.first_word(), ALWAYS] = -16
    weights[tokenizer.punctuation(), ALWAYS] = 0.5
    weights[tokenizer.END] = 0
    weights[tokenizer.END, ALWAYS] = 32
    weights[tokenizer.END, AGE] = -48
    return weights


def _random(name: str, rows: int, columns: int, scale: float) -> Weights:
    """Uniform between -scale and scale, in 1/128ths of it; `scale` is a power of two."""
    noise = hashlib.shake_256(f"homeport tiny {name}".encode()).digest(rows * columns)
    integers = np.frombuffer(noise, np.int8).reshape(rows, columns)
    return integers.astype(np.float32) * np.float32(scale / 128)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deploys.catalogue.tiny PATH")
    target = write_tiny(Path(sys.argv[1]))
    print(f"{target}: {target.stat().st_size} bytes of random weights; it talks nonsense by design")
