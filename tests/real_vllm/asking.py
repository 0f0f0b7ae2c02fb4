"""What clients ask of the fleet on vLLM, through its gateway."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from tests.lab import plain_http
from tests.lab.served import KEY, Served

LONGEST_SECONDS = 120
HELLO = {"messages": [{"role": "user", "content": "Hi"}], "temperature": 0}
SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["red", "green"]},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "dry": {"type": "boolean"},
    },
    "required": ["colour", "count", "dry"],
    "additionalProperties": False,
}
FUNCTION = {"name": "paint", "description": "Paints.", "parameters": SCHEMA, "strict": True}
TOOL = {"type": "function", "function": FUNCTION}


def ask(served: Served, path: str, body: dict[str, Any]) -> httpx.Response:
    """One request of the tests' client."""
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"http://{served.host('gate1').address}:8080{path}"
    return plain_http.post(url, json=body, headers=headers, timeout=LONGEST_SECONDS)


def chat(served: Served, **words: object) -> httpx.Response:
    """A chat request, with other words than the usual ones."""
    body = {"model": "chat", "max_tokens": 8, **HELLO, **words}
    return ask(served, "/v1/chat/completions", body)


def told(answer: httpx.Response) -> dict[str, Any]:
    """The first choice of a good answer."""
    assert answer.status_code == 200, answer.text
    first: dict[str, Any] = answer.json()["choices"][0]
    return first


def streamed(served: Served, tokens: int, model: str = "chat") -> Iterator[dict[str, Any] | None]:
    """Each event of a stream as it comes; None stands for the end, [DONE]."""
    body = {"model": model, "max_tokens": tokens, "stream": True, "ignore_eos": True, **HELLO}
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"http://{served.host('gate1').address}:8080/v1/chat/completions"
    with plain_http.stream(
        "POST", url, json=body, headers=headers, timeout=LONGEST_SECONDS
    ) as answer:
        assert answer.status_code == 200, answer.read()
        for line in answer.iter_lines():
            if line.startswith("data: "):
                data = line.removeprefix("data: ")
                yield None if data == "[DONE]" else json.loads(data)
