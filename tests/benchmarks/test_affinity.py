"""The affinity benchmark's own arithmetic: the trace is the same each time, figures add up."""

from collections import Counter

import pytest

from tests.benchmarks.affinity.__main__ import row
from tests.benchmarks.affinity.lab import POLICIES, pools
from tests.benchmarks.affinity.trace import RATE_PER_SECOND, SESSIONS, Served, trace
from tests.benchmarks.measure import percentile


def test_every_policy_gets_the_same_requests_at_the_same_moments() -> None:
    arrivals = trace(700)
    assert arrivals == trace(700)
    assert arrivals != trace(700, seed=2)
    assert len({one.session for one in arrivals}) > SESSIONS * 0.9
    assert arrivals[-1].at_seconds == pytest.approx(700 / RATE_PER_SECOND, rel=0.15)
    most = Counter(one.session for one in arrivals).most_common()
    assert most[0][1] > 3 * most[-1][1]


def test_every_policy_is_a_pool_over_the_same_replicas() -> None:
    found = pools()
    assert len(found) == len(POLICIES)
    assert len({tuple(one.name for one in pool.replicas) for pool in found}) == 1
    assert [pool.routing.affinity is not None for pool in found] == [False, True, True]


def test_a_row_counts_answers_hits_refusals_and_those_away_from_home() -> None:
    served = [
        Served("a", 200, 1.0, "replica-1", cached=False),
        Served("a", 200, 0.5, "replica-1", cached=True),
        Served("a", 200, 0.6, "replica-2", cached=False),
        Served("b", 200, 0.4, "replica-2", cached=True),
        Served("b", 503, 0.1, "", cached=False),
    ]
    found = row("any", served)
    assert (found["answered"], found["refused"], found["away_from_home"]) == (4, 1, 1)
    assert found["cache_hits"] == 0.5
    assert (found["p50_seconds"], found["p99_seconds"]) == (0.5, 1.0)


@pytest.mark.parametrize(("share", "value"), [(1, 1), (50, 5), (95, 10), (99, 10)])
def test_a_percentile_is_a_value_of_the_sample(share: int, value: int) -> None:
    assert percentile(range(1, 11), share) == value
