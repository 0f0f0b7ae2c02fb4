"""What counts as a right answer of an engine."""

import json

import pytest

from deploys.operations.completion import complaint, question
from deploys.questions.engine_answers import TEXTS, Served

CHAT = Served("chat", "generation")
VECTORS = Served("vectors", "embeddings")
RANKS = Served("ranks", "reranking")


def _answer(content: str | None, model: str = "chat", **message: str) -> str:
    choice = {"message": {"role": "assistant", "content": content, **message}}
    return json.dumps({"model": model, "choices": [choice]})


def test_an_answer_in_words_from_the_right_model_is_right() -> None:
    assert complaint(_answer(" young beyond comes"), CHAT) == ""
    assert complaint(_answer(None, reasoning_content="Let me think"), CHAT) == ""
    assert complaint(_answer("nothing but words, then half a letter\ufffd"), CHAT) == ""
    assert json.loads(question(CHAT))["model"] == "chat"


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
    assert words in complaint(text, CHAT)


def _vectors(*rows: object) -> str:
    return json.dumps({"model": "vectors", "data": [{"embedding": row} for row in rows]})


def test_a_vector_for_each_text_is_right_and_a_rank_too() -> None:
    assert json.loads(question(VECTORS))["input"] == list(TEXTS)
    assert complaint(_vectors([0.5, -1], [0, 0.25]), VECTORS) == ""
    results = [{"index": 0, "relevance_score": 0.0}, {"index": 1, "relevance_score": -3.5}]
    assert json.loads(question(RANKS))["documents"] == list(TEXTS)
    assert complaint(json.dumps({"model": "ranks", "results": results}), RANKS) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_vectors([0.5, -1]), "1 of 2 times `embedding`"),
        (_vectors([0.5], []), "1 of 2 times `embedding`"),
        (_vectors([0.5], [float("nan")]), "1 of 2 times `embedding`"),
        (_vectors([0.5], ["x"]), "1 of 2 times `embedding`"),
        ("[]", "as model None"),
        (_answer("Hello", model="vectors"), "0 of 2 times `embedding`"),
    ],
)
def test_an_answer_without_whole_vectors_is_told(text: str, words: str) -> None:
    assert words in complaint(text, VECTORS)
