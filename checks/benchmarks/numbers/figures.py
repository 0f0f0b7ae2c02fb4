"""All figures of one point. What failed is counted and is in no latency."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from checks.benchmarks.client.limits import ClientFigures, client_figures
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.point import Point
from checks.benchmarks.numbers.estimate import Estimate, mean, percentile
from checks.benchmarks.numbers.objective import Objective
from checks.benchmarks.numbers.over_time import RunFigures, Slice, is_shed, run_figures, slices
from checks.benchmarks.numbers.rates import request_rates, token_rates
from checks.canary.evidence import quantile, wilson
from checks.traffic.entry import FLEET

# The kernel puts segments that lie unread together, up to 4 KiB of them, and keeps the last one's
# instant: a first event that was read with the next one came no later than its instant says.
MOST_BUNCHED_SHARE = 0.01
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Attainment:
    """The share of requests that met the objective, with Wilson's interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Latencies:
    """Of all answers, in seconds; None where nothing was answered."""

    first_token: Mapping[str, Estimate | None]
    token: Mapping[str, Estimate | None]
    total: Mapping[str, Estimate | None]
    longest_gap: Mapping[str, Estimate | None]
    """Of each answer the longest time without an event."""
    gap: Mapping[str, float | None]
    """Of all gaps between events together. They have no interval: gaps of one answer are alike."""


@dataclass(frozen=True)
class Tokens:
    """Means of all answers; None where nothing was answered."""

    per_event: float | None
    prompt: float | None
    completion: float | None
    counted_by_usage: float | None
    """Share of answers whose tokens the engine has counted; of the rest events are."""


@dataclass(frozen=True)
class PerSecond:
    """How much came."""

    tokens: Estimate | None
    answers: Estimate | None
    good: Estimate | None
    """Answers that met the objective (goodput)."""


@dataclass(frozen=True)
class Figures:
    """One point."""

    load: str
    loop: str
    """`closed` or `open`."""
    profile: str
    requests: int
    outcomes: Mapping[str, int]
    shed_with_retry_after: int
    latency: Latencies
    tokens: Tokens
    per_second: PerSecond
    attainment: Attainment | None
    runs: Sequence[RunFigures]
    slices: Sequence[Slice]
    replicas: Mapping[str, int]
    providers: Mapping[str, int]
    client: ClientFigures
    warnings: Sequence[str]


def figures(point: Point, objective: Objective) -> Figures:
    """Everything that a point tells."""
    samples = point.samples
    answered = [one for one in samples if one.is_answered]
    client = client_figures([run.watch for run in point.runs], samples, stamped=point.stamped)
    good = [objective.is_met(one) for one in samples]
    return Figures(
        load=point.load.name,
        loop=point.load.loop,
        profile=point.load.profile,
        requests=len(samples),
        outcomes=dict(Counter(one.outcome.value for one in samples)),
        shed_with_retry_after=sum(one.retry_after for one in samples if is_shed(one)),
        latency=_latencies(answered),
        tokens=_tokens(answered),
        per_second=_per_second(point, objective),
        attainment=Attainment(fmean(good), *wilson(sum(good), len(good))) if good else None,
        runs=[run_figures(run) for run in point.runs],
        slices=[one for run in point.runs for one in slices(run)],
        replicas=dict(Counter(one.replica for one in answered if one.replica)),
        providers=dict(Counter(one.provider for one in answered if one.provider)),
        client=client,
        warnings=[*client.warnings, *_warnings(point, answered, client.bunched_share)],
    )


def _latencies(answered: Sequence[Sample]) -> Latencies:
    gaps = [one.gaps_seconds for one in answered]
    together = sorted(itertools.chain.from_iterable(gaps))
    return Latencies(
        first_token=_times([one.first_token_seconds for one in answered]),
        token=_times([one.token_seconds for one in answered if one.token_seconds is not None]),
        total=_times([one.total_seconds for one in answered]),
        longest_gap=_times([max(one) for one in gaps if one]),
        gap={
            name: quantile(together, share) if together else None for name, share in SHARES.items()
        },
    )


def _tokens(answered: Sequence[Sample]) -> Tokens:
    events = sum(len(one.arrivals) for one in answered)
    return Tokens(
        per_event=sum(one.tokens for one in answered) / events if events else None,
        prompt=_mean(answered, lambda one: one.prompt_tokens),
        completion=_mean(answered, lambda one: one.tokens),
        counted_by_usage=_mean(answered, lambda one: one.has_usage),
    )


def _per_second(point: Point, objective: Objective) -> PerSecond:
    return PerSecond(
        tokens=mean([rate for run in point.runs for rate in token_rates(run)]),
        answers=mean([rate for run in point.runs for rate in request_rates(run, _is_answered)]),
        good=mean([rate for run in point.runs for rate in request_rates(run, objective.is_met)]),
    )


def not_answered(outcomes: Mapping[str, int]) -> str:
    """`limited 3, truncated 1`; empty when all were answered."""
    failed = {name: count for name, count in outcomes.items() if name != Outcome.answered}
    return ", ".join(f"{name} {count:,}" for name, count in sorted(failed.items()))


def _is_answered(sample: Sample) -> bool:
    return sample.is_answered


def _times(values: Sequence[float]) -> dict[str, Estimate | None]:
    return {name: percentile(values, share) for name, share in SHARES.items()}


def _mean(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float | None:
    return fmean(map(value, samples)) if samples else None


def _warnings(point: Point, answered: Sequence[Sample], bunched_share: float) -> list[str]:
    """What makes figures mean something else than they seem to."""
    said = []
    if not answered:
        said.append("nothing was answered")
    elsewhere = {one.provider for one in answered if one.provider} - {FLEET}
    if elsewhere:
        said.append(f"not all of it is the fleet's: {', '.join(sorted(elsewhere))} answered too")
    if bunched_share > MOST_BUNCHED_SHARE:
        said.append(
            f"first and second event came at once in {bunched_share:.0%} of answers: something on "
            "the way collects events, or this client was late"
        )
    if answered and not all(one.has_usage for one in answered):
        said.append("some answers have no usage: their events were counted as tokens")
    if len({one.release for one in point.samples if one.release}) > 1:
        said.append("the gateway's release has changed meanwhile")
    return said
