"""A real answer, asked of a replica itself: what is asked, and what counts as right."""

import json

from deploys.questions.engine_answers import Served, body, missing

# As the checks: a large model on a CPU, and the first answer after a start also warms caches.
COMPLETION_SECONDS = 120
ANSWER_TOKENS = 16
# Weights that overflow give one sign again and again: `!!!!!!!!` is token 0 of many models.
LEAST_DIFFERENT_SIGNS = 2


def question(asked: Served) -> str:
    """The body of the request, as JSON."""
    return json.dumps(body(asked, ANSWER_TOKENS))


def complaint(text: str, asked: Served) -> str:
    """Why an answer is not right; empty when it is one. `text` is the body of the response."""
    try:
        document = json.loads(text)
    except ValueError:
        return f"it answers no JSON: {text[:200] or 'nothing at all'}"
    said = _said(document)
    if asked.kind == "generation" and said is None:
        return f"it answers no completion: {text[:200]}"
    if not isinstance(document, dict) or document.get("model") != asked.model:
        named = document.get("model") if isinstance(document, dict) else None
        return f"it answers as model {named!r}, not as {asked.model!r}"
    if asked.kind == "generation":
        return _garbage(said or "")
    lacks = missing(asked.kind, document)
    return f"it answers {lacks}: {text[:200]}" if lacks else ""


def _garbage(said: str) -> str:
    # The limit may cut the last letter in half; in the middle there is no half of one.
    signs = set(said.strip().rstrip("\ufffd"))
    if not signs:
        return "it answers without a word"
    if len(signs) < LEAST_DIFFERENT_SIGNS or "\ufffd" in signs:
        return f"it answers garbage: {said[:60]!r}"
    return ""


def _said(document: object) -> str | None:
    """The words of the answer, thought ones too; None when it is no chat completion."""
    try:
        message = document["choices"][0]["message"]  # type: ignore[index]
        return "".join(str(message.get(key) or "") for key in ("reasoning_content", "content"))
    except (LookupError, TypeError, AttributeError):
        return None
