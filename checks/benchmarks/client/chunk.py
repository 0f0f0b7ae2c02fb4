"""What one event of a chat stream says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.benchmarks.client.events import Garbled

# Engines' words for text: OpenAI's, and the two for what a model thinks before it answers.
TEXTS = ("content", "reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event."""

    generated: bool
    """Whether it brings anything that the model has generated; a first event with the role alone
    does not, and is no first token."""
    visible: bool
    """Whether that is more than blanks."""
    finished: bool
    """Whether it says why the answer ends."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def read_chunk(data: bytes) -> Chunk:
    """Raises Garbled for what is no event of a chat, an error within a 200 among that."""
    try:
        document = json.loads(data)
    # json gives up on what is nested too deeply.
    except (ValueError, RecursionError):
        raise Garbled(f"an event that is no JSON: {_shown(data)}") from None
    choices = document.get("choices") if isinstance(document, dict) else None
    usage = document.get("usage") if isinstance(document, dict) else None
    if not isinstance(choices, list) or "error" in document:
        raise Garbled(f"an event that is no chunk of a chat: {_shown(data)}")
    found = [one for one in choices if isinstance(one, dict)]
    texts = [_text(one.get("delta"), data) for one in found]
    counted: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    return Chunk(
        generated=any(texts),
        visible=any(text.strip() for text in texts),
        finished=any(one.get("finish_reason") for one in found),
        prompt_tokens=_tokens(counted, "prompt_tokens"),
        completion_tokens=_tokens(counted, "completion_tokens"),
    )


def _text(delta: object, data: bytes) -> str:
    """Everything generated in a delta; a word for calls of tools, whose size nobody asks for."""
    if delta is None:
        return ""
    if not isinstance(delta, dict):
        raise Garbled(f"an event whose delta is no object: {_shown(data)}")
    texts = [text for word in TEXTS if isinstance(text := delta.get(word), str)]
    return "".join([*texts, "calls" if delta.get("tool_calls") else ""])


def _tokens(usage: Mapping[str, Any], word: str) -> int | None:
    found = usage.get(word)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _shown(data: bytes) -> str:
    return data[:120].decode(errors="replace")
