"""A client that is the limit says so."""

import pytest

from checks.benchmarks.client.limits import Watch, client_figures
from checks.benchmarks.client.sample import Outcome, Sample
from tests.checks.benchmarks.samples import answered


def _client(watch: Watch, *samples: Sample, stamped: bool = True) -> tuple[str, ...]:
    return client_figures([watch], samples, stamped=stamped).warnings


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        (Watch([0.0], 10, 8.5), "took 85% of one core"),
        (Watch([0.0, 0.05], 10, 1), "event loop was 50 ms late"),
    ],
)
def test_a_client_that_is_the_limit_says_so(watch: Watch, words: str) -> None:
    (warning,) = _client(watch, answered(1))
    assert words in warning


def test_requests_that_leave_late_or_not_at_all_are_the_clients_limit() -> None:
    late = answered(1)
    late.sent = 1.03
    unsent = Sample(1, Outcome.unsent)
    watch = Watch([0.0], 10, 1)
    assert _client(watch, late, unsent) == (
        "requests left 30 ms late (p99)",
        "1 requests were not sent: too many were under way",
    )


def test_a_client_without_the_kernels_instants_says_so_and_an_idle_one_nothing() -> None:
    watch = Watch([0.001], 10, 1)
    assert _client(watch, answered(1)) == ()
    assert "does not say when bytes arrive" in _client(watch, answered(1), stamped=False)[0]
