"""Whether a release is slower than the last one, by more than chance and by more than one minds.

Latencies are compared by Fisher's exact test of how many lie beyond a percentile of both together,
after the older ones were made longer by what is tolerated (`evidence.chance_of_slower`): nothing
is assumed of their distribution. All comparisons of a gate together cry wolf in 5 % of all cases
at most (Bonferroni). Runs differ by more than chance within one does: so more than two thirds of
the newer runs, each by itself, must be beyond as well: all of three.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from checks.benchmarks.numbers.rows import Row
from checks.canary.evidence import chance_of_more, chance_of_slower, quantile

Verdict = Literal["passes", "regressed", "unsure"]
# What one does not mind: between two deploys of the same, medians were some per cent apart.
TOLERATED = 0.05
# What a gate is to find; with too few samples for that it says so.
WANTED = 0.10
FALSE_ALARMS = 0.05
# As many more failures, of all requests.
TOLERATED_FAILURES = 0.01
LATENCIES = (
    ("first token p50", "first_token_seconds", 0.5),
    ("first token p95", "first_token_seconds", 0.95),
    ("token p50", "token_seconds", 0.5),
    ("total p95", "total_seconds", 0.95),
)


@dataclass(frozen=True)
class Side:
    """One release's load: its requests, and how many tokens came in each tenth of each run."""

    rows: Sequence[Row]
    token_rates: Sequence[Sequence[float]]
    """By run; none for an open loop, where clients set the pace."""
    client_limited: bool = False


@dataclass(frozen=True)
class Finding:
    """One comparison."""

    load: str
    figure: str
    verdict: Verdict
    words: str


def compare(newer: Mapping[str, Side], older: Mapping[str, Side]) -> list[Finding]:
    """Every figure of every load that both have."""
    loads = [load for load in newer if load in older]
    level = FALSE_ALARMS / max(1, len(loads) * (len(LATENCIES) + 2))
    return [found for load in loads for found in _load(load, newer[load], older[load], level)]


def _load(load: str, newer: Side, older: Side, level: float) -> Iterator[Finding]:
    yield Finding(load, "failures", *_failures(newer.rows, older.rows, level))
    limited = newer.client_limited or older.client_limited
    for figure, column, share in LATENCIES:
        values, before = (_by_run(side.rows, column) for side in (newer, older))
        yield Finding(load, figure, *_judged(_times(values, before, share, level), limited))
    if newer.token_rates and older.token_rates:
        values, before = (_pace(side.token_rates) for side in (newer, older))
        found = _judged(_times(values, before, 0.5, level), limited)
        yield Finding(load, "time per token of all", *found)


def _judged(found: tuple[Verdict, str], limited: bool) -> tuple[Verdict, str]:
    """What a busy client has measured is no evidence against a release."""
    verdict, words = found
    return ("unsure", f"{words}; the client was the limit") if limited else (verdict, words)


def _times(
    newer: Sequence[Sequence[float]], older: Sequence[Sequence[float]], share: float, level: float
) -> tuple[Verdict, str]:
    values, before = ([one for run in side for one in run] for side in (newer, older))
    now, was = (quantile(sorted(side), share) if side else math.inf for side in (values, before))
    if not values or not 0 < was < math.inf:
        return "unsure", "nothing to compare"
    words = f"{was * 1000:.1f} -> {now * 1000:.1f} ms ({now / was - 1:+.1%})"
    beyond = [quantile(sorted(run), share) > _tolerated(was) for run in newer if run]
    if _slower(values, before, share, level) and sum(beyond) * 3 > len(beyond) * 2:
        return "regressed", words
    slowed = [one * (1 + WANTED) for one in before[: len(values)]]
    if not _slower(slowed, before, share, level):
        return "unsure", f"{words}; too few samples to see {WANTED:.0%}"
    return "passes", words


def _tolerated(seconds: float) -> float:
    return seconds * (1 + TOLERATED)


def _slower(values: Sequence[float], before: Sequence[float], share: float, level: float) -> bool:
    return chance_of_slower(values, before, share, _tolerated) < level


def _failures(newer: Sequence[Row], older: Sequence[Row], level: float) -> tuple[Verdict, str]:
    if not newer or not older:
        return "unsure", "no requests"
    now, was = (sum(row.failed for row in side) for side in (newer, older))
    words = f"{was} of {len(older)} -> {now} of {len(newer)}"
    excess = now - round(TOLERATED_FAILURES * len(newer))
    if excess > 0 and chance_of_more(excess, len(newer), was, len(older)) < level:
        return "regressed", words
    return "passes", words


def _by_run(found: Sequence[Row], column: str) -> list[list[float]]:
    runs: defaultdict[int, list[float]] = defaultdict(list)
    for row in found:
        value = getattr(row, column)
        if value is not None:
            runs[row.run].append(value)
    return [runs[number] for number in sorted(runs)]


def _pace(rates: Sequence[Sequence[float]]) -> list[list[float]]:
    """Seconds per token in each slice."""
    return [[1 / rate if rate > 0 else math.inf for rate in run] for run in rates]
