"""A chat request, and what an answer to it says."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from checks.probes.gateway import Answer
from checks.verdict import require

# Reads closer together than this came in one burst; an engine's token takes longer.
BURST_SECONDS = 0.0001


def chat_request(model: str, tokens: int) -> dict[str, object]:
    """A question that any model answers at length."""
    question = "Count from one to forty, one number per line."
    messages = [{"role": "user", "content": question}]
    return {"model": model, "max_tokens": tokens, "messages": messages}


def said(answer: Answer) -> str:
    """What a refusal says, short enough for one line."""
    return f"the gateway says {answer.status}: {(answer.error or answer.text)[:200]}"


def text_and_usage(answer: Answer) -> tuple[str, Mapping[str, object]]:
    """Empty where the answer does not have the shape of a chat completion."""
    try:
        text = answer.document["choices"][0]["message"]["content"]
        usage = answer.document["usage"]
    except (TypeError, KeyError, IndexError):
        return "", {}
    return (text if isinstance(text, str) else ""), (usage if isinstance(usage, dict) else {})


def choice(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a completion, or of a piece of one; empty where there is none."""
    choices = document.get("choices")
    found = choices[0] if isinstance(choices, list) and choices else {}
    return found if isinstance(found, dict) else {}


def message_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice's message, or what a piece of a stream adds to it."""
    one = choice(document)
    found = one.get("message", one.get("delta"))
    return found if isinstance(found, dict) else {}


def completion(model: str, answer: Answer) -> tuple[Mapping[str, Any], str]:
    """The message of an answer and why it ends; fails where the answer is a refusal."""
    require(answer.status == 200, f"{model}: {said(answer)}", "see check_engines")
    return message_of(answer.document), str(choice(answer.document).get("finish_reason"))


def instants(arrivals_seconds: Sequence[float]) -> int:
    """How many bursts the reads came in."""
    gaps = (later - earlier for earlier, later in itertools.pairwise(arrivals_seconds))
    return bool(arrivals_seconds) + sum(gap > BURST_SECONDS for gap in gaps)
