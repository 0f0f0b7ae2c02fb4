"""Debian's llama.cpp in a container, asked about GPUs that are not there."""

import pytest

from tests.plan.accuracy.targets import missed
from tests.plan.oracle import recording
from tests.plan.oracle.comparison import TARGETS, Plan, listed, plans, rows
from tests.plan.oracle.engine import Answer, ask, ask_debians_tool, versions
from tests.plan.oracle.fleet_comparison import answers_to, overfull, plans_of
from tests.plan.oracle.placed import placed, questions_of
from tests.plan.oracle.questions import questions
from tests.plan.oracle.taken_in import taken_in

pytestmark = [pytest.mark.docker, pytest.mark.root]

MIB = 2**20
# Other ones than are recorded, and the same at each run: `make oracle` draws new ones.
SEED = 11
CASES = 312
FLEETS = 40


@pytest.fixture(scope="module")
def answers() -> list[Answer]:
    print(f"seed {SEED}, {CASES} cases")
    return ask(questions(SEED, CASES))


@pytest.fixture(scope="module", params=[listed, taken_in], ids=["header", "catalogue"])
def answered(request: pytest.FixtureRequest, answers: list[Answer]) -> list[Plan]:
    found = plans(questions(SEED, CASES), answers, request.param)
    assert len(found) >= 0.99 * CASES
    return found


def test_no_plan_is_accepted_that_llama_cpp_would_reject(answered: list[Plan]) -> None:
    accepted = [plan for plan in answered if plan.accepted]
    assert len(accepted) > 200
    assert [plan.question for plan in accepted if not plan.fits] == []
    assert [plan.question for plan in answered if plan.short_of_smallest] == []


def test_every_target_is_reached(answered: list[Plan]) -> None:
    assert missed(rows(answered), TARGETS) == []


def test_no_gpu_is_given_more_than_llama_cpp_finds_room_for() -> None:
    replicas, free = placed(SEED, FLEETS)
    print(f"seed {SEED}, {len(replicas)} replicas on {len(free)} GPUs")
    answers = answers_to(replicas, ask(questions_of(replicas)))
    found = plans_of(replicas, answers)
    assert len(found) > FLEETS
    assert overfull(replicas, free, answers) == {}
    assert missed(rows(found), TARGETS) == []


@pytest.mark.parametrize("record", [recording.DRAWN, recording.PLACED], ids=["drawn", "placed"])
def test_the_recorded_answers_are_still_given(record: recording.Record) -> None:
    asked, kept = recording.read(record)
    sample = slice(0, len(asked), 8)
    assert ask(asked[sample]) == kept[sample]


def test_debians_own_tool_says_the_same() -> None:
    asked = [one for one in questions(SEED, 40) if one.asked.sequences == 1][:6]
    for question, answer in zip(asked, ask(asked, all_logits=True), strict=True):
        assert whole_mib(answer) == ask_debians_tool(question)


def whole_mib(answer: Answer) -> list[tuple[int, int, int]]:
    assert not isinstance(answer, str)
    return [(one.model // MIB, one.context // MIB, one.compute // MIB) for one in answer]


def test_the_versions_are_those_of_the_recordings() -> None:
    for record in (recording.DRAWN, recording.PLACED):
        assert versions().split() == recording.contents(record)["versions"]
