"""All figures of one point. What failed is counted and is in no latency."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from checks.benchmarks.client.limits import ClientFigures, client_figures
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.point import Point, Run
from checks.benchmarks.numbers.estimate import Estimate, mean, percentile
from checks.benchmarks.numbers.objective import Objective
from checks.benchmarks.numbers.rates import all_token_rates, borders, request_rates, token_rates
from checks.canary.evidence import quantile, wilson

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Attainment:
    """The share of requests that met the objective, with Wilson's interval."""

    value: float
    low: float
    high: float


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


@dataclass(frozen=True)
class Figures:
    """One point. Times are in seconds; None where nothing was answered."""

    load: str
    requests: int
    outcomes: Mapping[str, int]
    shed_with_retry_after: int
    first_token: Mapping[str, Estimate | None]
    token: Mapping[str, Estimate | None]
    total: Mapping[str, Estimate | None]
    longest_gap: Mapping[str, Estimate | None]
    """Of each answer the longest time without an event."""
    gap: Mapping[str, float | None]
    """Of all gaps between events together. They have no interval: gaps of one answer are alike."""
    tokens_per_event: float | None
    counted_by_usage: float | None
    """Share of answers whose tokens the engine has counted; of the rest events are."""
    prompt_tokens: float | None
    completion_tokens: float | None
    tokens_per_second: Estimate | None
    answers_per_second: Estimate | None
    good_per_second: Estimate | None
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
    shed = [one for one in samples if _is_shed(one)]
    events = sum(len(one.arrivals) for one in answered)
    client = client_figures([run.watch for run in point.runs], samples, stamped=point.stamped)
    good = [objective.is_met(one) for one in samples]
    gaps = sorted(gap for one in answered for gap in one.gaps_seconds)
    return Figures(
        load=point.load.name,
        requests=len(samples),
        outcomes=dict(Counter(one.outcome.value for one in samples)),
        shed_with_retry_after=sum(one.retry_after for one in shed),
        first_token=_times([one.first_token_seconds for one in answered]),
        token=_times([one.token_seconds for one in answered if one.token_seconds is not None]),
        total=_times([one.total_seconds for one in answered]),
        longest_gap=_times([max(found) for one in answered if (found := one.gaps_seconds)]),
        gap={name: quantile(gaps, share) if gaps else None for name, share in SHARES.items()},
        tokens_per_event=sum(one.tokens for one in answered) / events if events else None,
        counted_by_usage=_mean(answered, lambda one: one.has_usage),
        prompt_tokens=_mean(answered, lambda one: one.prompt_tokens),
        completion_tokens=_mean(answered, lambda one: one.tokens),
        tokens_per_second=mean(all_token_rates(point)),
        answers_per_second=mean([rate for run in point.runs for rate in request_rates(run)]),
        good_per_second=mean(_good_rates(point, objective)),
        attainment=Attainment(fmean(good), *wilson(sum(good), len(good))) if good else None,
        runs=[_run(run) for run in point.runs],
        slices=[one for run in point.runs for one in _slices(run)],
        replicas=dict(Counter(one.replica for one in answered if one.replica)),
        providers=dict(Counter(one.provider for one in answered if one.provider)),
        client=client,
        warnings=[*client.warnings, *_warnings(point, answered)],
    )


def _times(values: Sequence[float]) -> dict[str, Estimate | None]:
    return {name: percentile(values, share) for name, share in SHARES.items()}


def _mean(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float | None:
    return fmean(map(value, samples)) if samples else None


def _is_shed(sample: Sample) -> bool:
    return sample.outcome in (Outcome.limited, Outcome.overloaded)


def _good_rates(point: Point, objective: Objective) -> list[float]:
    return [
        rate
        for run in point.runs
        for rate in request_rates(run, good=[objective.is_met(one) for one in run.samples])
    ]


def _run(run: Run) -> RunFigures:
    answered = [one for one in run.judged if one.is_answered]
    firsts = sorted(one.first_token_seconds for one in answered)
    tokens = sorted(found for one in answered if (found := one.token_seconds) is not None)
    return RunFigures(
        quantile(firsts, 0.5) if firsts else None,
        quantile(tokens, 0.5) if tokens else None,
        [round(rate, 3) for rate in token_rates(run)],
    )


def _slices(run: Run) -> list[Slice]:
    found = []
    for begin, end in borders(run):
        wanted = [one for one in run.samples if begin <= one.wanted < end]
        firsts = sorted(one.first_token_seconds for one in wanted if one.is_answered)
        late = quantile(firsts, 0.95) if firsts else None
        shed = sum(map(_is_shed, wanted))
        found.append(Slice(begin - run.begin, len(wanted), len(firsts), shed, late))
    return found


def _warnings(point: Point, answered: Sequence[Sample]) -> list[str]:
    """What makes figures mean something else than they seem to."""
    said = []
    if not answered:
        said.append("nothing was answered")
    elsewhere = {one.provider for one in answered if one.provider} - {"fleet"}
    if elsewhere:
        said.append(f"not all of it is the fleet's: {', '.join(sorted(elsewhere))} answered too")
    if answered and not all(one.has_usage for one in answered):
        said.append("some answers have no usage: their events were counted as tokens")
    if len({one.release for one in point.samples if one.release}) > 1:
        said.append("the gateway's release has changed meanwhile")
    return said
