"""Tiny models of random weights, as folders that vLLM reads: one that talks,
with an adapter, and one for vectors.

The tokenizer reads single bytes and says whole words. Nothing is trained, and the same bytes come
out on every machine.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deploys.catalogue.tiny_tokenizer import WORDS
from tests.lab.vllm_tokenizer import BEGIN, END, IMAGE, byte_letters, tokenizer, vocabulary

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
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def write_talker(folder: Path) -> Path:
    """A Llama of two layers, with a chat template."""
    tensors = language_tensors("model.", head="lm_head")
    return write_model(folder, _config("LlamaForCausalLM"), tensors, template=TEMPLATE)


def write_embedder(folder: Path) -> Path:
    """The same without a head and a template, marked as sentence-transformers marks its models."""
    write_model(folder, _config("LlamaModel"), language_tensors(""), template="")
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
                f"{place}.lora_A.weight": noise(f"{place}.a", ADAPTER_RANK, EMBEDDING),
                f"{place}.lora_B.weight": noise(f"{place}.b", rows, ADAPTER_RANK),
            }
    (folder / "adapter_model.safetensors").write_bytes(_safetensors(tensors))
    return folder


_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
]


def _config(architecture: str) -> dict[str, Any]:
    return {"architectures": [architecture], **language_config()}


def language_config() -> dict[str, Any]:
    """The words of config.json for the language model."""
    return {
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


def write_model(
    folder: Path, config: dict[str, Any], tensors: Iterable[tuple[str, Weights]], template: str
) -> Path:
    """A folder as vLLM reads it; without a template it is no model that talks."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": END,
        **({"chat_template": template} if template else {}),
    }
    documents = {"config": config, "tokenizer": tokenizer(), "tokenizer_config": words}
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "model.safetensors").write_bytes(_safetensors(dict(tensors)))
    return folder


def language_tensors(prefix: str, head: str = "") -> Iterator[tuple[str, Weights]]:
    """Their names begin with `prefix`; `head` names what says tokens, where there is such."""
    read = noise("embed_tokens", len(vocabulary()), EMBEDDING)
    read[:, ALWAYS] = 4
    yield f"{prefix}embed_tokens.weight", read
    for layer in range(LAYERS):
        yield from _layer(f"{prefix}layers.{layer}")
    yield f"{prefix}norm.weight", np.ones(EMBEDDING, np.float32)
    if head:
        yield f"{head}.weight", _said()


def _said() -> Weights:
    """Words; bytes and the end where a grammar leaves nothing else, and blanks last of all.

    Never the half of a letter: an answer with one would be garbage, and rightly so. Nor an image.
    """
    tokens = vocabulary()
    weights = noise("lm_head", len(tokens), EMBEDDING)
    weights[:, ALWAYS] = 0
    weights[: tokens.index(f"Ġ{WORDS[0]}"), ALWAYS] = -8
    for blank in " \t\n\r":
        weights[tokens.index(byte_letters()[ord(blank)]), ALWAYS] = -32
    never = [tokens.index(token) for token in (*byte_letters()[0x80:], IMAGE)]
    weights[never] = 0
    weights[never, ALWAYS] = -64
    return weights


def _layer(layer: str) -> Iterator[tuple[str, Weights]]:
    yield f"{layer}.self_attn.q_proj.weight", noise(f"{layer}.q", HEADS * HEAD, EMBEDDING)
    yield f"{layer}.self_attn.k_proj.weight", noise(f"{layer}.k", KV_HEADS * HEAD, EMBEDDING)
    yield f"{layer}.self_attn.v_proj.weight", noise(f"{layer}.v", KV_HEADS * HEAD, EMBEDDING)
    output = noise(f"{layer}.o", EMBEDDING, HEADS * HEAD)
    down = noise(f"{layer}.down", EMBEDDING, FEED_FORWARD)
    output[ALWAYS] = down[ALWAYS] = 0
    yield f"{layer}.self_attn.o_proj.weight", output
    yield f"{layer}.mlp.gate_proj.weight", noise(f"{layer}.gate", FEED_FORWARD, EMBEDDING)
    yield f"{layer}.mlp.up_proj.weight", noise(f"{layer}.up", FEED_FORWARD, EMBEDDING)
    yield f"{layer}.mlp.down_proj.weight", down
    for norm in ("input_layernorm", "post_attention_layernorm"):
        yield f"{layer}.{norm}.weight", np.ones(EMBEDDING, np.float32)


def noise(name: str, rows: int, columns: int) -> Weights:
    """Uniform between -1/2 and 1/2, in steps that 16 bits hold."""
    drawn = hashlib.shake_256(f"tiny {name}".encode()).digest(rows * columns)
    return np.frombuffer(drawn, np.int8).reshape(rows, columns).astype(np.float32) / np.float32(256)


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
