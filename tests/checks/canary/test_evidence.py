"""The statistics, against what is known of them."""

import itertools
import math
import random

import pytest

from checks.canary.evidence import (
    FALSE_ABORTS,
    chance_of_more,
    chance_of_share,
    chance_of_slower,
    difference,
    fewest_trials,
    level,
    look_of,
    quantile,
    wilson,
)


@pytest.mark.parametrize(
    ("counts", "chance"),
    [
        # Fisher's own tea: three of four cups right, and all four.
        ((3, 4, 1, 4), 17 / 70),
        ((4, 4, 0, 4), 1 / 70),
        ((0, 4, 4, 4), 1.0),
        ((0, 10, 0, 10), 1.0),
    ],
)
def test_fishers_test_is_the_tail_of_the_hypergeometric_distribution(
    counts: tuple[int, int, int, int], chance: float
) -> None:
    assert chance_of_more(*counts) == pytest.approx(chance)


def test_fishers_test_agrees_with_every_way_in_which_chance_may_deal() -> None:
    for hits, other_hits in itertools.product(range(6), range(8)):
        dealt = [hits + other_hits, 5, 7]
        ways = [
            math.comb(dealt[0], one) * math.comb(12 - dealt[0], 5 - one)
            for one in range(hits, min(5, dealt[0]) + 1)
            if 5 - one <= 12 - dealt[0]
        ]
        found = chance_of_more(hits, 5, other_hits, 7)
        assert found == pytest.approx(sum(ways) / math.comb(12, 5))


def test_the_intervals_are_wilsons_and_newcombes() -> None:
    # Newcombe 1998 (Statistics in Medicine 17, 873-890), table II, method 10, cases (a) and (e).
    assert difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert difference(5, 56, 0, 29) == pytest.approx((-0.0381, 0.1926), abs=1e-4)
    assert wilson(0, 20)[0] == pytest.approx(0)
    assert wilson(20, 20)[1] == pytest.approx(1)


def test_looks_come_at_set_sizes_and_their_levels_add_up_to_no_more_than_all_may_err() -> None:
    assert look_of(49) == (0, 0)
    assert [look_of(count) for count in (50, 74, 75, 112, 113)] == [
        (1, 50),
        (1, 50),
        (2, 75),
        (2, 75),
        (3, 113),
    ]
    assert sum(level(look, 15) for look in range(1, 10_000)) * 15 <= FALSE_ABORTS


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert quantile([1.0], 0.95) == 1.0
    assert quantile([float(one) for one in range(1, 101)], 0.95) == 95.0
    assert quantile([1.0, 2.0], 0.5) == 1.0


def test_what_is_just_as_slow_as_it_may_be_is_found_slower_as_seldom_as_said() -> None:
    rng = random.Random(7)

    def found(ratio: float) -> float:
        candidate = sorted(ratio * rng.lognormvariate(0, 1) for _ in range(60))
        stable = sorted(rng.lognormvariate(0, 1) for _ in range(300))
        return chance_of_slower(candidate, stable, 0.5, lambda one: 1.25 * one)

    assert sum(found(1.25) <= 0.05 for _ in range(400)) / 400 <= 0.05 + 0.02
    assert sum(found(1.0) <= 0.05 for _ in range(100)) <= 2
    assert sum(found(3.0) <= 0.05 for _ in range(100)) >= 95


def test_a_share_is_judged_by_the_exact_binomial_distribution() -> None:
    # A coin: 2 of 10 heads or less are 56 of 1024 ways.
    assert chance_of_share(2, 10, 0.5) == pytest.approx(2 * 56 / 1024)
    assert chance_of_share(8, 10, 0.5) == pytest.approx(2 * 56 / 1024)
    assert chance_of_share(5, 10, 0.5) == 1.0
    assert (chance_of_share(250, 250, 1.0), chance_of_share(249, 250, 1.0)) == (1.0, 0.0)


@pytest.mark.parametrize("percent", [5, 10, 50, 95, 100])
def test_right_shares_fail_no_oftener_than_the_level_says(percent: int) -> None:
    share, trials, limit = percent / 100, 250, 1e-4
    ways = [
        math.comb(trials, hits) * share**hits * (1 - share) ** (trials - hits)
        for hits in range(trials + 1)
        if chance_of_share(hits, trials, share) <= limit
    ]
    assert math.fsum(ways) <= limit


@pytest.mark.parametrize(("percent", "trials"), [(1, 986), (5, 194), (50, 15), (95, 194), (100, 1)])
def test_a_side_that_gets_nothing_is_found_from_so_many_trials_on(
    percent: int, trials: int
) -> None:
    share = percent / 100
    assert fewest_trials(share, 1e-4) == trials
    extremes = [chance_of_share(0, trials, share)] + [chance_of_share(trials, trials, share)] * (
        percent < 100
    )
    assert max(extremes) <= 1e-4
