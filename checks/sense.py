"""Whether a text reads like an answer: neither empty, nor endless, nor torn out of its template."""

import re
from collections.abc import Mapping
from typing import Any

from checks.fleet import Fleet

# Marks of turns that a chat template writes and nobody should ever read, as the tokenizers of Qwen,
# Llama, Mistral, Gemma, Phi and DeepSeek spell them (`special_tokens_map.json` on their hubs).
_MARKS = re.compile(
    r"<\|[a-z][a-z0-9_]*\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
    r"|<\uff5c[^\uff5c>]+\uff5c>"
)
# An answer that ends in so many copies of the same, and is mostly that, goes on for ever.
_COPIES = 8
_MOST = 0.6


def is_generated(fleet: Fleet) -> bool:
    """Random weights made on the spot talk nonsense, by design."""
    models = [model for one in fleet.committed.values() for model in one.release.models]
    return any(model.source.startswith("generated:") for model in models)


def text_of(message: Mapping[str, Any]) -> str:
    """All that a message, or a piece of one in a stream, says: thoughts as well."""
    parts = [message.get(word) for word in ("reasoning_content", "reasoning", "content")]
    return "".join(part for part in parts if isinstance(part, str))


def broken_template(text: str) -> str:
    """What of a chat template stands in the text; empty where nothing does."""
    found = _MARKS.search(text)
    return f"{found[0]} of the chat template stands in the text" if found else ""


def nonsense(text: str) -> str:
    """Why nobody would call it an answer; empty where one can."""
    if not text.strip():
        return "the answer holds no text"
    if unit := _repeated(text.rstrip()):
        return f"the answer says {unit!r} over and over to its end"
    return broken_template(text)


def _repeated(text: str) -> str:
    for length in range(1, len(text) // _COPIES + 1):
        unit, copies = text[-length:], 1
        while text.endswith(unit * (copies + 1)):
            copies += 1
        if copies >= _COPIES and copies * length >= _MOST * len(text):
            return unit
    return ""
