"""Intervals, objectives and figures of made-up answers."""

import random
from statistics import NormalDist

import pytest

from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.numbers.estimate import mean, percentile, student
from checks.benchmarks.numbers.figures import figures
from checks.benchmarks.numbers.objective import Objective
from checks.benchmarks.numbers.rates import token_rates
from tests.checks.benchmarks.samples import answered, failed, point

EASY = Objective()


def test_a_percentile_is_a_sample_and_lies_between_two() -> None:
    found = percentile([float(number) for number in range(1, 101)], 0.5)
    assert found is not None
    # Conover's ranks for n = 100: 50 minus and plus 9.8, rounded outwards.
    assert (found.low, found.value, found.high) == (40, 50, 61)


def test_a_percentile_with_too_few_samples_beyond_it_says_so() -> None:
    few, many = percentile([1.0] * 199, 0.95), percentile([1.0] * 200, 0.95)
    assert few is not None
    assert many is not None
    assert (few.enough, many.enough) == (False, True)
    tiny = percentile([1.0, 2.0], 0.99)
    assert tiny is not None
    assert (tiny.low, tiny.high) == (None, None) or tiny.high is None
    assert percentile([], 0.5) is None


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_intervals_hold_the_truth_as_often_as_they_say(share: float) -> None:
    chance = random.Random(11)
    truth = NormalDist().inv_cdf(share)
    held = 0
    for _ in range(400):
        found = percentile([chance.gauss(0, 1) for _ in range(300)], share)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert held >= 0.93 * 400


@pytest.mark.parametrize(
    ("freedom", "exact"),
    # Student's two-sided 95 % points, from any table.
    [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (9, 2.262), (29, 2.045), (10_000, 1.960)],
)
def test_students_points_are_those_of_the_tables(freedom: int, exact: float) -> None:
    assert student(freedom) == pytest.approx(exact, rel=0.01)


def test_a_mean_has_students_interval_and_a_single_one_has_none() -> None:
    found = mean([1.0, 2.0, 3.0])
    assert found is not None
    assert found.value == 2
    assert found.low == pytest.approx(2 - 4.303 / 3**0.5, rel=0.001)
    single = mean([1.0])
    assert single is not None
    assert (single.low, single.enough) == (None, False)
    assert mean([]) is None


@pytest.mark.parametrize(
    ("objective", "sample", "met"),
    [
        (Objective(0.2, 0.02), answered(0), True),
        (Objective(0.05, 0.02), answered(0), False),
        (Objective(0.2, 0.005), answered(0), False),
        (Objective(0.2, 0.02, 0.19), answered(0), False),
        (Objective(0.2, 0.02, 0.21), answered(0), True),
        (Objective(0.2, 0.0001), answered(0, events=1), True),
        (EASY, failed(0), False),
    ],
)
def test_an_objective_is_met_by_an_answer_that_keeps_all_of_it(
    objective: Objective, sample: Sample, met: bool
) -> None:
    assert objective.is_met(sample) == met


def test_failures_are_counted_and_are_in_no_latency() -> None:
    slow = failed(3, Outcome.timed_out)
    slow.ended = 300
    samples = [answered(1), answered(2), failed(1), failed(2, Outcome.overloaded), slow]
    samples[3].retry_after = True
    found = figures(point(samples), EASY)
    assert found.outcomes == {"answered": 2, "limited": 1, "overloaded": 1, "timed_out": 1}
    assert found.shed_with_retry_after == 1
    one = found.latency
    for times in (one.first_token, one.token, one.total, one.longest_gap):
        assert times["p50"] is not None
        assert times["p50"].samples == 2
    assert found.latency.total["p99"] is not None
    assert found.latency.total["p99"].value == pytest.approx(0.2)
    assert found.attainment is not None
    assert found.attainment.value == 2 / 5


def test_figures_of_what_was_never_answered_are_none() -> None:
    found = figures(point([failed(1)]), EASY)
    assert found.latency.first_token["p50"] is None
    assert found.tokens.per_event is None
    assert found.latency.gap["p99"] is None
    assert "nothing was answered" in found.warnings


def test_latencies_count_from_the_intended_start() -> None:
    late = answered(1)
    late.wanted, late.sent = 0.5, 1
    assert late.first_token_seconds == pytest.approx(0.6)
    assert late.total_seconds == pytest.approx(0.7)


def test_tokens_per_event_and_time_per_token_go_by_usage() -> None:
    """Four tokens in an event each 10 ms are 2.5 ms for each, whatever the first event had."""
    found = figures(point([answered(1, events=25, tokens=100)]), EASY)
    assert found.tokens.per_event == 4
    assert found.latency.token["p50"] is not None
    assert found.latency.token["p50"].value == pytest.approx(0.0025)
    assert found.latency.gap["p50"] == pytest.approx(0.01)


def test_throughput_counts_tokens_when_they_come() -> None:
    """Most of the first answer comes in the warm-up, and most of the last one after the end."""
    samples = [
        answered(-0.65, first=0.1, gap=0.1, events=11),
        answered(9.45, first=0.1, gap=0.1, events=11),
    ]
    run = Run(0, 10, samples)
    rates = token_rates(run)
    assert rates[0] == 5
    assert rates[-1] == 5
    assert sum(rates[1:-1]) == 0


def test_the_tokens_of_failures_are_no_throughput() -> None:
    broken = answered(1)
    broken.outcome = Outcome.truncated
    assert sum(token_rates(Run(0, 10, [broken]))) == 0


def test_what_others_than_the_fleet_answered_is_told() -> None:
    other = answered(1)
    other.provider = "cloud"
    assert (
        "not all of it is the fleet's: cloud answered too" in figures(point([other]), EASY).warnings
    )


def test_answers_without_usage_are_told() -> None:
    silent = answered(1)
    silent.has_usage = False
    found = figures(point([answered(1), silent]), EASY)
    assert found.tokens.counted_by_usage == 0.5
    assert any("have no usage" in words for words in found.warnings)


def test_first_events_that_come_with_the_second_are_told() -> None:
    """Their instants are the second one's: how much earlier they came, nobody knows."""
    bunched = answered(1)
    bunched.arrivals[0] = bunched.arrivals[1]
    found = figures(point([answered(1), bunched]), EASY)
    (warning,) = found.warnings
    assert warning.startswith("first and second event came at once in 50% of answers")
    assert found.client.warnings == ()


def test_slices_show_what_an_overload_leaves_behind() -> None:
    samples = [answered(number / 10) for number in range(50)]
    samples += [failed(5 + number / 10, Outcome.overloaded) for number in range(50)]
    found = figures(Point(Load("open", per_second=10), [Run(0, 10, samples)]), EASY)
    assert [one.shed for one in found.slices] == [0] * 5 + [10] * 5
    assert [one.answered for one in found.slices] == [10] * 5 + [0] * 5
