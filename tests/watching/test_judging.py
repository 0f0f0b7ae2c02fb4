"""How a replica is: every rule, and what none of them may take for sickness."""

from dataclasses import replace

import pytest

from deploys.watching.judging import (
    DOUBTFUL,
    DOWN,
    GPU,
    ILL,
    SICK,
    STARTING,
    STUCK,
    WELL,
    Look,
)
from deploys.watching.judging import SILENT as NO_ANSWER
from tests.watching.looks import SILENT, after, answers, only_health, states


def test_a_replica_that_answers_and_has_nothing_to_do_is_well_for_ever() -> None:
    assert set(states([answers()] * 100)) == {WELL}


def test_a_full_queue_whose_counters_move_is_well() -> None:
    assert set(states([answers(busy=500, steps=number) for number in range(100)])) == {WELL}


def test_requests_without_a_step_for_the_limit_are_stuck_and_not_before() -> None:
    found = states([answers(), *[answers(busy=3, steps=7)] * 10])
    assert found == [*[WELL] * 4, *[DOUBTFUL] * 5, STUCK, STUCK]
    told = after([answers(), *[answers(busy=3, steps=7)] * 10])[-1]
    assert told.evidence == "3 requests run or wait, and no step for 135 s"


def test_one_step_within_the_limit_is_progress() -> None:
    slow = [answers(busy=1, steps=number // 7) for number in range(60)]
    assert STUCK not in states(slow)


def test_an_idle_replica_whose_counters_rest_is_not_stuck() -> None:
    assert set(states([answers(busy=0, steps=7)] * 50)) == {WELL}


def test_a_loop_that_gives_no_metrics_any_more_is_stuck_though_health_answers() -> None:
    found = after([answers(), *[only_health()] * 9])
    assert found[-1].state == STUCK
    assert found[-1].evidence == "its health check gets 200, and /metrics says nothing for 135 s"


def test_an_engine_that_never_had_metrics_is_judged_by_its_answers_alone() -> None:
    assert set(states([only_health()] * 50)) == {WELL}
    assert states([only_health(), *[SILENT] * 4])[-1] == NO_ANSWER


def test_an_engine_whose_metrics_count_no_steps_cannot_be_stuck() -> None:
    assert set(states([answers(busy=2, steps=None)] * 50)) == {WELL}


def test_no_answer_is_doubtful_at_first_and_silence_after_the_limit() -> None:
    assert states([answers(), *[SILENT] * 4]) == [WELL, DOUBTFUL, DOUBTFUL, NO_ANSWER, NO_ANSWER]


def test_a_replica_that_says_itself_that_it_is_ill_is_ill() -> None:
    found = after([answers(), *[answers(health=503)] * 3])
    assert [one.state for one in found] == [WELL, DOUBTFUL, DOUBTFUL, ILL]
    assert found[-1].evidence == "its health check gets 503 for 45 s"


@pytest.mark.parametrize("loads", [SILENT, only_health(503), replace(SILENT, starting=True)])
def test_a_model_may_load_for_long_and_only_the_limit_ends_that(loads: Look) -> None:
    found = states([loads] * 42)
    assert set(found[:40]) == {STARTING}
    assert found[40] == ILL


def test_a_container_that_was_started_again_is_another_one() -> None:
    again = replace(SILENT, container="id@2")
    assert states([answers(), *[SILENT] * 4, again, again])[-2:] == [STARTING, STARTING]


def test_what_is_not_there_or_paused_is_down_and_well_as_soon_as_it_answers() -> None:
    paused = Look(why_down="somebody has paused its container")
    assert states([answers(), Look(), paused, answers()]) == [WELL, DOWN, DOWN, WELL]
    assert after([paused])[0].evidence == "somebody has paused its container"


def test_a_gpu_that_its_driver_calls_unfit_makes_a_replica_sick_that_answers() -> None:
    found = after([answers(), answers(gpu="GPU-1: its driver asks for: reset"), answers()])
    assert [one.state for one in found] == [WELL, GPU, WELL]
    assert found[1].is_sick


@pytest.mark.parametrize("back", [SILENT, answers(busy=3, steps=7)])
def test_a_time_without_looks_is_no_silence_and_no_standstill(back: Look) -> None:
    """The host slept, an apply ran, or somebody had stopped the timer."""
    found = states([answers(busy=3, steps=7), back, back], apart_seconds=3600)
    assert not set(found) & set(SICK)


def test_a_clock_that_is_set_back_makes_nobody_sick() -> None:
    assert not set(states([answers(busy=1), *[SILENT] * 3], apart_seconds=-600)) & set(SICK)
