"""What an engine answers, by its own command line or its container's labels."""

import pytest

from deploys.questions.engine_answers import KIND_LABEL, NAME_LABEL, Served, body, served


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["--model", "/models/m.gguf", "--alias", "chat"], Served("chat", "generation")),
        (["--alias", "v", "--embeddings", "--port", "8080"], Served("v", "embeddings")),
        (["--alias", "r", "--reranking"], Served("r", "reranking")),
        (
            ["/models", "--served-model-name", "a", "b", "--runner", "generate"],
            Served("a", "generation"),
        ),
        (
            ["/models", "--served-model-name", "v", "--runner", "pooling", "--convert", "embed"],
            Served("v", "embeddings"),
        ),
        (
            ["/models", "--runner", "pooling", "--convert", "classify"],
            Served("default", "reranking"),
        ),
    ],
)
def test_a_command_line_says_what_is_served(command: list[str], expected: Served) -> None:
    assert served(command, {}) == expected


def test_labels_say_what_a_command_line_does_not() -> None:
    labels = {NAME_LABEL: "org/chat", KIND_LABEL: "embeddings"}
    assert served(["run"], labels) == Served("org/chat", "embeddings")
    assert served(["run"], {NAME_LABEL: "chat", KIND_LABEL: "no kind"}).kind == "generation"
    assert served(["run"], {}, "default") == Served("default", "generation")


def test_only_text_has_a_limit_of_tokens() -> None:
    assert body(Served("m", "generation"), 7)["max_tokens"] == 7
    assert "max_tokens" not in body(Served("m", "embeddings"), 7)
