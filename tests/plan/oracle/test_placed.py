"""What the planner places, against what the pinned llama.cpp said of each replica's arguments."""

from collections import Counter

import pytest

from tests.plan.accuracy.targets import missed
from tests.plan.oracle import recording
from tests.plan.oracle.comparison import TARGETS, Plan, rows
from tests.plan.oracle.fleet_comparison import Answers, answers_to, overfull, plans_of
from tests.plan.oracle.placed import Placed, placed

Fleets = tuple[list[Placed], dict[str, float], Answers]


@pytest.fixture(scope="module")
def fleets() -> Fleets:
    """Replicas, what is free of each GPU, and the recorded answers."""
    kept = recording.contents(recording.PLACED)
    replicas, free = placed(kept["seed"], kept["cases"])
    return replicas, free, answers_to(replicas, recording.read(recording.PLACED)[1])


@pytest.fixture(scope="module")
def found(fleets: Fleets) -> list[Plan]:
    replicas, _, answers = fleets
    return plans_of(replicas, answers)


def test_no_gpu_is_given_more_than_llama_cpp_finds_room_for(fleets: Fleets) -> None:
    assert overfull(*fleets) == {}


def test_every_target_is_reached_by_what_is_placed(found: list[Plan]) -> None:
    assert missed(rows(found), TARGETS) == []
    assert [plan.question for plan in found if plan.short_of_smallest] == []


def test_replicas_of_every_layout_are_asked(found: list[Plan]) -> None:
    asked = [plan.question.asked for plan in found]
    assert len(asked) > 150
    for several in (
        [one for one in asked if len(one.devices) > 1],
        [one for one in asked if len(set(one.shares)) > 1],
        [one for one in asked if one.experts_on_cpu],
        [one for one in asked if one.micro_batch_tokens < 512],
        [plan for plan in found if plan.question.kind.endswith("part in RAM")],
    ):
        assert len(several) >= 20


def test_replicas_that_share_a_gpu_are_added_up(fleets: Fleets) -> None:
    replicas, free, answers = fleets
    nothing = dict.fromkeys(free, 0.0)
    on = Counter(gpu for one in replicas for gpu in one.gpus)
    shared = max(on, key=lambda gpu: on[gpu])
    each = [one for one in replicas if shared in one.gpus]
    assert len(each) > 1
    alone = [overfull([one], nothing, answers)[shared] for one in each]
    assert overfull(replicas, nothing, answers)[shared] == pytest.approx(sum(alone))


def test_a_replica_that_llama_cpp_does_not_start_is_one_too_many(fleets: Fleets) -> None:
    replicas, free, answers = fleets
    one = replicas[0]
    broken = {**answers, one.question: "no such model"}
    assert set(one.gpus) <= set(overfull(replicas, free, broken))
