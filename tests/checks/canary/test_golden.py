"""Golden prompts: what the candidate must say, and that it is the candidate who says it."""

from typing import Any

import pytest

from checks.canary import golden
from checks.canary.golden import golden_gate
from checks.probes.gateway import Answer, Gateway, NoAnswer
from deploys.certificates.entrance import Entrance
from deploys.settings.golden import Golden
from deploys.settings.secrets import Secret

PROMPTS = (Golden(prompt="What is 2 + 2?", matches=r"\b4\b"), Golden(prompt="Hi", matches="(?i)h"))
ANSWER = '{"choices": [{"message": {"content": "Ha: 4."}}], "usage": {}}'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Any]]:
    """What is asked, path, body and headers; answered well."""
    return answering(monkeypatch, Answer(200, {"x-homeport-arm": "candidate"}, ANSWER))


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[tuple[str, Any, Any]]:
    """The same, with one answer to everything."""
    found: list[tuple[str, Any, Any]] = []

    def ask(_: Gateway, __: str, path: str, body: object, headers: object) -> Answer:
        found.append((path, body, headers))
        return answer

    monkeypatch.setattr(golden, "ask", ask)
    monkeypatch.setattr(golden, "PAUSE_SECONDS", 0)
    return found


def gate() -> tuple[str, str]:
    """Verdict and words."""
    found = golden_gate(Gateway("chat", Entrance("http://x"), Secret("key")), "chat", PROMPTS)
    return found.verdict, found.words


def test_each_prompt_is_asked_of_the_candidate_as_a_tester(
    asked: list[tuple[str, Any, Any]],
) -> None:
    assert gate() == ("passes", "2 answers of the candidate match")
    path, body, headers = asked[0]
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("chat", 0, 64)
    assert body["messages"][0]["content"] == "What is 2 + 2?"
    assert headers == {"Authorization": "Bearer key", "X-Homeport-Arm": "candidate"}


def test_a_gateway_without_an_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> Answer:
        raise NoAnswer("http://x", "refused")

    monkeypatch.setattr(golden, "ask", ask)
    assert gate() == ("waits", "the gateway at http://x does not answer: refused")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer(200, {"x-homeport-arm": "candidate"}, ANSWER.replace("4", "5")),
            "is not in 'Ha: 5.'",
        ),
        (Answer(200, {"x-homeport-arm": "stable"}, ANSWER), "the candidate did not answer"),
        (Answer(200, {"x-homeport-arm": "candidate"}, "no JSON"), "is not in ''"),
        (Answer(500, {"x-homeport-arm": "candidate"}, "broken"), "the gateway says 500: broken"),
    ],
)
def test_an_answer_that_does_not_match_fails(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str
) -> None:
    asked = answering(monkeypatch, answer)
    verdict, told = gate()
    assert verdict == "fails"
    assert told.startswith("number 1 of 2: ")
    assert words in told
    # What was answered is not asked again, whatever it was.
    assert len(asked) == (1 if "is not in" in words else 3)
