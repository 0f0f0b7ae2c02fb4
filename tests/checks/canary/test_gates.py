"""What the gates let through and what they end, over many trials drawn by chance."""

import random
from statistics import median

import pytest

from checks.canary.gate import outcome
from checks.canary.gates import gates
from checks.canary.sample import Request
from tests.checks.canary.traffic import RULES, STEPS, Arm, Ending, trial

SEEDS = range(30)


def endings(candidate: Arm, stable: Arm) -> list[Ending]:
    """Of as many trials as there are seeds."""
    return [trial(seed, candidate, stable) for seed in SEEDS]


def request(
    number: int, *, is_candidate: bool, failed: bool = False, seconds: float = 0.1
) -> Request:
    """One that was drawn."""
    return Request(f"{number:06}", is_candidate, failed, seconds, seconds)


@pytest.mark.parametrize("errors", [0.0, 0.01])
def test_an_identical_candidate_gets_through_all_steps(errors: float) -> None:
    same = Arm(errors=errors)
    assert not any(one.aborted for one in endings(same, same))


@pytest.mark.parametrize("usual", [0.0, 0.01])
def test_five_points_more_errors_end_every_trial_in_its_first_step(usual: float) -> None:
    found = endings(Arm(errors=usual + 0.05), Arm(errors=usual))
    assert all(one.aborted and one.step == STEPS[0] for one in found)
    assert median(one.asked for one in found) <= 300
    assert max(one.asked for one in found) <= 1000
    assert {gate.name for one in found for gate in one.gates if gate.verdict == "fails"} == {
        "errors"
    }


def test_a_candidate_that_takes_half_as_long_again_ends_its_trial() -> None:
    found = endings(Arm(slower=1.6), Arm())
    assert all(one.aborted for one in found)
    failing = {gate.name for one in found for gate in one.gates if gate.verdict == "fails"}
    assert failing & {"first byte, median", "whole answer, median"}
    assert "errors" not in failing


def test_a_tail_that_is_five_times_as_long_fails_the_95th_percentile_and_no_median() -> None:
    chance = random.Random(1)
    seen = [
        request(
            number,
            is_candidate=number % 2 == 0,
            seconds=chance.uniform(1, 2) * (5 if number % 20 == 0 else 1),
        )
        for number in range(2000)
    ]
    failing = {one.name for one in gates(seen, RULES, len(STEPS)) if one.verdict == "fails"}
    assert failing == {"first byte, 95th percentile", "whole answer, 95th percentile"}


def test_a_gate_fails_only_by_what_it_measures() -> None:
    """Where most times are the same, a few long ones are improbable and change no percentile."""
    seen = [
        request(number, is_candidate=number % 2 == 0, seconds=1 if number % 50 == 0 else 0.1)
        for number in range(2000)
    ]
    found = gates(seen, RULES, len(STEPS))
    assert "candidate 0.100 s, stable 0.100 s; 0.125 s are tolerated" in found[-1].words
    assert {gate.verdict for gate in found} == {"passes"}


def test_a_small_sample_waits_and_says_how_many_more_it_takes() -> None:
    few = [request(number, is_candidate=number % 10 == 0) for number in range(300)]
    enough, errors, *times = gates(few, RULES, len(STEPS))
    assert (enough.verdict, enough.more) == ("waits", 170)
    assert "30 of the candidate, 270 of the stable arm; 200 of each are needed" in enough.words
    assert errors.verdict == "waits"
    assert errors.more > 0
    assert {gate.verdict for gate in times} == {"passes"}


def test_a_stable_arm_that_is_too_small_is_waited_for_as_well() -> None:
    most = [request(number, is_candidate=number % 10 != 0) for number in range(1000)]
    enough = gates(most, RULES, len(STEPS))[0]
    assert (enough.verdict, enough.more) == ("waits", 900)


@pytest.mark.parametrize("is_candidate", [True, False])
def test_one_arm_alone_is_compared_with_nothing(is_candidate: bool) -> None:
    alone = [request(number, is_candidate=is_candidate, failed=True) for number in range(500)]
    (enough,) = gates(alone, RULES, len(STEPS))
    assert enough.verdict == "waits"


def test_the_same_look_sees_the_same_however_often_one_looks() -> None:
    """What comes between two looks can't end a trial: it would be a look that nobody counts."""
    seen = [request(number, is_candidate=number % 2 == 0) for number in range(160)]
    first = gates(seen, RULES, len(STEPS))
    # Failures in a row after the look at 75 of the candidate's requests.
    later = [request(200 + number, is_candidate=True, failed=True) for number in range(14)]
    assert outcome(first) == "waits"
    errors = gates([*seen, *later], RULES, len(STEPS))[1]
    assert errors.verdict == "waits"
    assert "candidate 14 of 94" in errors.words
    more = [request(300 + number, is_candidate=number % 2 == 0) for number in range(40)]
    assert gates([*seen, *later, *more], RULES, len(STEPS))[1].verdict == "fails"


def test_what_is_certain_and_hardly_matters_ends_nothing() -> None:
    seen = [
        request(number, is_candidate=number % 2 == 0, failed=number % 500 == 0)
        for number in range(60_000)
    ]
    errors = gates(seen, RULES, len(STEPS))[1]
    assert "candidate 120 of 30,000 (0.40%), stable 0 of 30,000" in errors.words
    assert errors.verdict == "passes"


def test_times_that_nobody_can_tell_apart_pass() -> None:
    seen = [
        request(number, is_candidate=number % 2 == 0, seconds=0.001 + 0.015 * (number % 2 == 0))
        for number in range(1000)
    ]
    assert outcome(gates(seen, RULES, len(STEPS))) == "passes"


def test_an_arm_without_an_answer_waits_for_its_times() -> None:
    seen = [request(number, is_candidate=number % 2 == 0, failed=True) for number in range(1000)]
    found = {gate.name: gate for gate in gates(seen, RULES, len(STEPS))}
    assert found["first byte, median"].words == "no answer of one arm has come"
