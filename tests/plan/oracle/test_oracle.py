"""Debian's llama.cpp in a container, asked about GPUs that are not there."""

import json

import pytest

from tests.plan.accuracy.targets import missed
from tests.plan.oracle import recording
from tests.plan.oracle.comparison import TARGETS, Plan, plans, rows
from tests.plan.oracle.engine import Answer, ask, ask_debians_tool, versions
from tests.plan.oracle.questions import questions

pytestmark = [pytest.mark.docker, pytest.mark.root]

MIB = 2**20
# Other ones than are recorded, and the same at each run: `make oracle` draws new ones.
SEED = 11
CASES = 312


@pytest.fixture(scope="module")
def answered() -> list[Plan]:
    print(f"seed {SEED}, {CASES} cases")
    asked = questions(SEED, CASES)
    found = plans(asked, ask(asked))
    assert len(found) >= 0.99 * CASES
    return found


def test_no_plan_is_accepted_that_llama_cpp_would_reject(answered: list[Plan]) -> None:
    accepted = [plan for plan in answered if plan.accepted]
    assert len(accepted) > 200
    assert [plan.question for plan in accepted if not plan.fits] == []
    assert [plan.question for plan in answered if plan.short_of_smallest] == []


def test_every_target_is_reached(answered: list[Plan]) -> None:
    assert missed(rows(answered), TARGETS) == []


def test_the_recorded_answers_are_still_given() -> None:
    asked, kept = recording.read()
    sample = slice(0, len(asked), 8)
    assert ask(asked[sample]) == kept[sample]


def test_debians_own_tool_says_the_same() -> None:
    asked = [one for one in questions(SEED, 40) if one.asked.sequences == 1][:6]
    for question, answer in zip(asked, ask(asked, all_logits=True), strict=True):
        assert whole_mib(answer) == ask_debians_tool(question)


def whole_mib(answer: Answer) -> list[tuple[int, int, int]]:
    assert not isinstance(answer, str)
    return [(one.model // MIB, one.context // MIB, one.compute // MIB) for one in answer]


def test_the_versions_are_those_of_the_recording() -> None:
    kept = json.loads(recording.FILE.read_text(encoding="utf-8"))
    assert versions().split() == kept["versions"]
