"""Batch files for tests, and what a run has made of them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


def chat_line(name: str, **changes: object) -> dict[str, Any]:
    """A line that asks for `name`; `changes` are words of its body."""
    body = {"model": "chat", "messages": [{"role": "user", "content": name}], **changes}
    return {"custom_id": name, "method": "POST", "url": CHAT, "body": body}


def embedding_line(name: str) -> dict[str, Any]:
    """A line that wants `name` embedded."""
    body = {"model": "embed", "input": name}
    return {"custom_id": name, "method": "POST", "url": EMBEDDINGS, "body": body}


def write_lines(path: Path, lines: Iterable[Mapping[str, object] | str]) -> Path:
    """One a line; text as it is."""
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All lines of a JSONL file, which must be whole."""
    text = path.read_text(encoding="utf-8")
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def names(path: Path) -> list[str]:
    """The custom_id of each line."""
    return [line["custom_id"] for line in read_lines(path)]
