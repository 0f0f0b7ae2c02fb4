"""What the tiny models read and say: single bytes, and whole words."""

from typing import Any

from deploys.catalogue.tiny_tokenizer import WORDS

BEGIN, END = "<s>", "</s>"
# Where the embeddings of an image go, in a model that sees (tests/lab/vllm_seer.py).
IMAGE = "<image>"
CONTROLS = (BEGIN, END, IMAGE)


def vocabulary() -> list[str]:
    """Every token in order: two controls, each byte as byte-level BPE writes it, words, images."""
    return [BEGIN, END, *byte_letters(), *(f"Ġ{word}" for word in WORDS), IMAGE]


def byte_letters() -> list[str]:
    """GPT-2's letters for bytes: what prints stands for itself, the rest from 256 on."""
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    letters = {byte: chr(byte) for byte in printed}
    letters |= {byte: chr(256 + number) for number, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


def tokenizer() -> dict[str, Any]:
    """Byte-level BPE without a merge: it reads bytes, and can say every token."""
    tokens = vocabulary()
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    controls = [
        {
            "id": tokens.index(content), "content": content, "special": True,
            "normalized": False, "single_word": False, "lstrip": False, "rstrip": False,
        }
        for content in CONTROLS
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
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [],
        },
    }
