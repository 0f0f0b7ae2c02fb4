"""A chat request, and what an answer to it says."""

import itertools
from collections.abc import Mapping, Sequence

from checks.probes.gateway import Answer

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


def instants(arrivals_seconds: Sequence[float]) -> int:
    """How many bursts the reads came in."""
    gaps = (later - earlier for earlier, later in itertools.pairwise(arrivals_seconds))
    return bool(arrivals_seconds) + sum(gap > BURST_SECONDS for gap in gaps)
