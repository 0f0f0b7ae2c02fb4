"""A real completion, asked of a replica itself: what is asked, and what counts as right."""

import json

# As the checks: a large model on a CPU, and the first answer after a start also warms caches.
COMPLETION_SECONDS = 120
ANSWER_TOKENS = 16
# Weights that overflow give one sign again and again: `!!!!!!!!` is token 0 of many models.
LEAST_DIFFERENT_SIGNS = 2


def question(model: str) -> str:
    """The body of the request, as JSON."""
    return json.dumps(
        {
            "model": model,
            "messages": [{"role": "user", "content": "Say something."}],
            "max_tokens": ANSWER_TOKENS,
        }
    )


def complaint(text: str, model: str) -> str:
    """Why an answer is not right; empty when it is one. `text` is the body of the response."""
    try:
        document = json.loads(text)
    except ValueError:
        return f"it answers no JSON: {text[:200] or 'nothing at all'}"
    said = _said(document)
    if said is None:
        return f"it answers no completion: {text[:200]}"
    if document.get("model") != model:
        return f"it answers as model {document.get('model')!r}, not as {model!r}"
    signs = set(said.strip())
    if not signs:
        return "it answers without a word"
    if len(signs) < LEAST_DIFFERENT_SIGNS or "�" in signs:
        return f"it answers garbage: {said[:60]!r}"
    return ""


def _said(document: object) -> str | None:
    """The words of the answer, thought ones too; None when it is no chat completion."""
    try:
        message = document["choices"][0]["message"]  # type: ignore[index]
        return "".join(str(message.get(key) or "") for key in ("reasoning_content", "content"))
    except (LookupError, TypeError, AttributeError):
        return None
