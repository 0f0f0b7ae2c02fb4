"""What counts as a right answer of an engine."""

import json

import pytest

from deploys.operations.completion import complaint, question


def _answer(content: str | None, model: str = "chat", **message: str) -> str:
    choice = {"message": {"role": "assistant", "content": content, **message}}
    return json.dumps({"model": model, "choices": [choice]})


def test_an_answer_in_words_from_the_right_model_is_right() -> None:
    assert complaint(_answer(" young beyond comes"), "chat") == ""
    assert complaint(_answer(None, reasoning_content="Let me think"), "chat") == ""
    assert json.loads(question("chat"))["model"] == "chat"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON: nothing at all"),
        ("<html>", "no JSON"),
        ('{"error": {"message": "loading"}}', "no completion"),
        ("[]", "no completion"),
        (_answer("Hello", model="other"), "as model 'other', not as 'chat'"),
        (_answer(" \n"), "without a word"),
        (_answer("!!!!!!!!"), "garbage"),
        (_answer("wo\ufffdrd"), "garbage"),
    ],
)
def test_anything_else_is_told(text: str, words: str) -> None:
    assert words in complaint(text, "chat")
