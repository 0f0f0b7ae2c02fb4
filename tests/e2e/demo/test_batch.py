"""`homeport batch` through the demo's real gateway, answered by real llama.cpp engines."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.batch.batch_files import chat_line, names, read_lines, write_lines
from tests.e2e.checkout import Checkout

pytestmark = [pytest.mark.docker, pytest.mark.root]

QUESTIONS = "tests/batch/questions.jsonl"


def content(line: Mapping[str, Any]) -> str:
    """What the engine has said."""
    return str(line["response"]["body"]["choices"][0]["message"]["content"])


@pytest.fixture(scope="module")
def answers(demo: Checkout) -> dict[str, dict[str, Any]]:
    """The answers to the committed questions, by custom_id."""
    demo.homeport(f"batch run local {QUESTIONS} --output .homeport/e2e.jsonl")
    found = read_lines(demo.path / ".homeport" / "e2e.jsonl")
    return {line["custom_id"]: line for line in found}


def test_every_question_has_one_answer_of_the_fleet(
    demo: Checkout, answers: dict[str, dict[str, Any]]
) -> None:
    assert sorted(answers) == sorted(names(demo.path / QUESTIONS))
    for line in answers.values():
        assert line["response"]["status_code"] == 200
        assert len(line["response"]["request_id"]) == 32
        assert line["response"]["body"]["usage"]["completion_tokens"] > 0
    assert content(answers["answer-1"]).split()


def test_structured_output_fits_its_schema(answers: dict[str, dict[str, Any]]) -> None:
    for name in ("record-1", "record-2"):
        record = json.loads(content(answers[name]))
        assert record.keys() == {"afloat", "side"}
        assert isinstance(record["afloat"], bool)
        assert record["side"] in ("port", "starboard")


@pytest.mark.usefixtures("answers")
def test_the_summary_counts_what_the_engines_say(demo: Checkout) -> None:
    document = json.loads(
        demo.run(
            f"rm -f .homeport/priced.jsonl; .venv/bin/homeport batch run local {QUESTIONS}"
            " --output .homeport/priced.jsonl --price 1:2 --json"
        ).stdout
    )
    usages = [line["response"]["body"]["usage"] for line in
              read_lines(demo.path / ".homeport" / "priced.jsonl")]  # fmt: skip
    chat = document["models"]["chat"]
    for word in ("prompt_tokens", "completion_tokens"):
        assert chat[word] == sum(usage[word] for usage in usages)
    assert chat["providers"].keys() == {"fleet"}
    money = (chat["prompt_tokens"] + 2 * chat["completion_tokens"]) / 1e6
    assert document["cost"] == pytest.approx(money, abs=1e-6)


def test_more_lines_than_the_replicas_take_are_all_answered(demo: Checkout) -> None:
    # Two replicas with two slots and sixteen waiting requests: 64 at once get 503s and come again,
    # for an answer of some length keeps its slot until the others have come.
    lines = [chat_line(str(number), max_tokens=200) for number in range(200)]
    write_lines(demo.path / ".homeport" / "many.jsonl", lines)
    run = "batch run local .homeport/many.jsonl --concurrency 64 --json"
    document = json.loads(demo.run(f".venv/bin/homeport {run}").stdout)
    assert document["models"]["chat"]["retries"] > 0
    found = names(demo.path / ".homeport" / "many.answers.jsonl")
    assert sorted(found) == sorted(str(number) for number in range(200))


def test_the_gateways_own_refusal_is_a_dead_letter(demo: Checkout) -> None:
    line = chat_line("bad", messages="no list")
    write_lines(demo.path / ".homeport" / "bad.jsonl", [line, chat_line("good", max_tokens=4)])
    told = demo.homeport("batch run local .homeport/bad.jsonl", expect=1)
    assert "1 answered now, 1 failed now" in told
    assert names(demo.path / ".homeport" / "bad.answers.jsonl") == ["good"]
    (letter,) = read_lines(demo.path / ".homeport" / "bad.dead.jsonl")
    assert letter["custom_id"] == "bad"
