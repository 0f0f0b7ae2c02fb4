"""Tiny models of random weights, as folders that vLLM reads: one that talks,
with an adapter, and one for vectors.

The tokenizer reads single bytes and says whole words. Nothing is trained, and the same bytes come
out on every machine.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deploys.catalogue.tiny_tokenizer import WORDS

Weights = npt.NDArray[np.float32]

LAYERS = 2
EMBEDDING = 64
FEED_FORWARD = 128
HEADS = 2
KV_HEADS = 1
# The kernels for CPUs know 32, 64, 96 and so on.
HEAD = 64
CONTEXT_TOKENS = 2048
# The channel of an embedding that is the same for every token, and that no layer writes to.
ALWAYS = 0
ADAPTER_RANK = 8
BEGIN, END = "<s>", "</s>"
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def write_talker(folder: Path) -> Path:
    """A Llama of two layers, with a chat template."""
    return _write(folder, _config("LlamaForCausalLM"), template=TEMPLATE)


def write_embedder(folder: Path) -> Path:
    """The same without a head and a template, marked as sentence-transformers marks its models."""
    _write(folder, _config("LlamaModel"), template="")
    (folder / "modules.json").write_text(json.dumps(_MODULES))
    return folder


def write_adapter(folder: Path) -> Path:
    """A LoRA adapter of the talker as PEFT saves it: what it says is another text."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "talker",
        "r": ADAPTER_RANK, "lora_alpha": 64, "target_modules": ["q_proj", "v_proj"], "bias": "none",
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(words))
    tensors: dict[str, Weights] = {}
    for layer in range(LAYERS):
        for name, rows in (("q_proj", HEADS * HEAD), ("v_proj", KV_HEADS * HEAD)):
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors |= {
                f"{place}.lora_A.weight": _random(f"{place}.a", ADAPTER_RANK, EMBEDDING),
                f"{place}.lora_B.weight": _random(f"{place}.b", rows, ADAPTER_RANK),
            }
    (folder / "adapter_model.safetensors").write_bytes(_safetensors(tensors))
    return folder


_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
]


def vocabulary() -> list[str]:
    """Every token in order: the controls, each byte as byte-level BPE writes it, words."""
    return [BEGIN, END, *_byte_letters(), *(f"Ġ{word}" for word in WORDS)]


def _byte_letters() -> list[str]:
    """GPT-2's letters for bytes: what prints stands for itself, the rest from 256 on."""
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    letters = {byte: chr(byte) for byte in printed}
    letters |= {byte: chr(256 + number) for number, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


def _config(architecture: str) -> dict[str, Any]:
    return {
        "architectures": [architecture],
        "model_type": "llama",
        "hidden_size": EMBEDDING,
        "intermediate_size": FEED_FORWARD,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD,
        "max_position_embeddings": CONTEXT_TOKENS,
        "vocab_size": len(vocabulary()),
        "bos_token_id": 0,
        "eos_token_id": 1,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }


def _write(folder: Path, config: dict[str, Any], template: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": END,
        **({"chat_template": template} if template else {}),
    }
    documents = {"config": config, "tokenizer": _tokenizer(), "tokenizer_config": tokenizer}
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    talks = config["architectures"] == ["LlamaForCausalLM"]
    tensors = dict(_tensors("model." if talks else "", head=talks))
    (folder / "model.safetensors").write_bytes(_safetensors(tensors))
    return folder


def _tokenizer() -> dict[str, Any]:
    """Byte-level BPE without a merge: it reads bytes, and can say every token."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    controls = [
        {
            "id": number, "content": content, "special": True, "normalized": False,
            "single_word": False, "lstrip": False, "rstrip": False,
        }
        for number, content in enumerate((BEGIN, END))
    ]  # fmt: skip
    return {
        "version": "1.0",
        "added_tokens": controls,
        "normalizer": None,
        "pre_tokenizer": {**byte_level, "use_regex": False},
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(vocabulary())},
            "merges": [],
        },
    }


def _tensors(prefix: str, *, head: bool) -> Iterator[tuple[str, Weights]]:
    read = _random("embed_tokens", len(vocabulary()), EMBEDDING)
    read[:, ALWAYS] = 4
    yield f"{prefix}embed_tokens.weight", read
    for layer in range(LAYERS):
        yield from _layer(f"{prefix}layers.{layer}")
    yield f"{prefix}norm.weight", np.ones(EMBEDDING, np.float32)
    if head:
        yield "lm_head.weight", _said()


def _said() -> Weights:
    """Words; bytes and the end where a grammar leaves nothing else, and blanks last of all.

    Never the half of a letter: an answer with one would be garbage, and rightly so.
    """
    tokens = vocabulary()
    weights = _random("lm_head", len(tokens), EMBEDDING)
    weights[:, ALWAYS] = 0
    weights[: len(tokens) - len(WORDS), ALWAYS] = -8
    for blank in " \t\n\r":
        weights[tokens.index(_byte_letters()[ord(blank)]), ALWAYS] = -32
    halves = [tokens.index(letter) for letter in _byte_letters()[0x80:]]
    weights[halves] = 0
    weights[halves, ALWAYS] = -64
    return weights


def _layer(layer: str) -> Iterator[tuple[str, Weights]]:
    yield f"{layer}.self_attn.q_proj.weight", _random(f"{layer}.q", HEADS * HEAD, EMBEDDING)
    yield f"{layer}.self_attn.k_proj.weight", _random(f"{layer}.k", KV_HEADS * HEAD, EMBEDDING)
    yield f"{layer}.self_attn.v_proj.weight", _random(f"{layer}.v", KV_HEADS * HEAD, EMBEDDING)
    output = _random(f"{layer}.o", EMBEDDING, HEADS * HEAD)
    down = _random(f"{layer}.down", EMBEDDING, FEED_FORWARD)
    output[ALWAYS] = down[ALWAYS] = 0
    yield f"{layer}.self_attn.o_proj.weight", output
    yield f"{layer}.mlp.gate_proj.weight", _random(f"{layer}.gate", FEED_FORWARD, EMBEDDING)
    yield f"{layer}.mlp.up_proj.weight", _random(f"{layer}.up", FEED_FORWARD, EMBEDDING)
    yield f"{layer}.mlp.down_proj.weight", down
    for norm in ("input_layernorm", "post_attention_layernorm"):
        yield f"{layer}.{norm}.weight", np.ones(EMBEDDING, np.float32)


def _random(name: str, rows: int, columns: int) -> Weights:
    """Uniform between -1/2 and 1/2, in steps that 16 bits hold."""
    noise = hashlib.shake_256(f"tiny {name}".encode()).digest(rows * columns)
    return np.frombuffer(noise, np.int8).reshape(rows, columns).astype(np.float32) / np.float32(256)


def _safetensors(tensors: dict[str, Weights]) -> bytes:
    """A whole file in bfloat16: the upper half of each 32 bits."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, weights in tensors.items():
        content = (weights.view(np.uint32) >> 16).astype("<u2").tobytes()
        place = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "BF16", "shape": [*weights.shape], "data_offsets": place}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data
