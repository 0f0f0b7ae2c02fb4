"""Each run by itself, and what became of it while it went on."""

from collections.abc import Sequence
from dataclasses import dataclass

from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.point import Run
from checks.benchmarks.numbers.rates import borders, token_rates
from checks.canary.evidence import quantile


@dataclass(frozen=True)
class RunFigures:
    """One run by itself: how far runs lie apart is often more than chance within one."""

    first_token_p50_seconds: float | None
    token_p50_seconds: float | None
    tokens_per_second: Sequence[float]
    """In each tenth of its time."""


@dataclass(frozen=True)
class Slice:
    """A tenth of a run: what an open loop's server made of the load at that time."""

    from_seconds: float
    wanted: int
    answered: int
    shed: int
    """Answered with 429 or 503."""
    first_token_p95_seconds: float | None


def is_shed(sample: Sample) -> bool:
    """Whether it was turned away because there was too much."""
    return sample.outcome in (Outcome.limited, Outcome.overloaded)


def run_figures(run: Run) -> RunFigures:
    """Medians and tokens of what is judged."""
    answered = [one for one in run.judged if one.is_answered]
    firsts = sorted(one.first_token_seconds for one in answered)
    tokens = sorted(found for one in answered if (found := one.token_seconds) is not None)
    return RunFigures(
        quantile(firsts, 0.5) if firsts else None,
        quantile(tokens, 0.5) if tokens else None,
        [round(rate, 3) for rate in token_rates(run)],
    )


def slices(run: Run) -> list[Slice]:
    """By when requests were wanted."""
    found = []
    for begin, end in borders(run):
        wanted = [one for one in run.samples if begin <= one.wanted < end]
        firsts = sorted(one.first_token_seconds for one in wanted if one.is_answered)
        late = quantile(firsts, 0.95) if firsts else None
        shed = sum(map(is_shed, wanted))
        found.append(Slice(round(begin - run.begin, 3), len(wanted), len(firsts), shed, late))
    return found
