"""A benchmark as people read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from checks.benchmarks.kept import Kept
from checks.benchmarks.numbers.estimate import Estimate
from checks.benchmarks.numbers.figures import Figures, not_answered
from checks.benchmarks.numbers.gate import Finding

# Two tables, each of which fits into 80 columns.
COUNTS = ("load", "answered", "failed", "tokens/s", "good/s", "in time")
# A figure in brackets has too few samples to mean anything. What spans several columns stands above
# the first of them, so that none is wider than its figures.
TIMES = (
    "\n\nms", "first\ntoken\np50", "\n\np95", "\n\np99", "\ntoken\np50", "\n\np95", "\ngap\np99",
    "\ntotal\np50", "\n\np95",
)  # fmt: skip
OVER_TIME = ("wanted", "answered", "shed", "first token p95, worst run")


def print_figures(found: Sequence[Figures], document: Mapping[str, Any], console: Console) -> None:
    """Tables, and what has no place in them."""
    for headings, cells in ((COUNTS, _counts), (TIMES, _times)):
        table = Table(box=None, padding=(0, 1, 0, 0))
        table.add_column(headings[0], no_wrap=True)
        for heading in headings[1:]:
            table.add_column(heading, justify="right")
        for one in found:
            table.add_row(one.load, *cells(one))
        console.print(table, markup=False, highlight=False)
    for one in found:
        if one.profile != "steady":
            console.print(_over_time(one), markup=False, highlight=False)
    for line in [
        *_intervals(found),
        *_words(found),
        *_capacity(document),
        *_energy(found, document),
    ]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _over_time(one: Figures) -> Table:
    """What became of a load that comes and goes, all runs together."""
    table = Table(one.load, *OVER_TIME, box=None, padding=(0, 2, 0, 0))
    for begin in dict.fromkeys(part.from_seconds for part in one.slices):
        parts = [part for part in one.slices if part.from_seconds == begin]
        late = [found for part in parts if (found := part.first_token_p95_seconds) is not None]
        counts = [
            sum(part.wanted for part in parts),
            sum(part.answered for part in parts),
            sum(part.shed for part in parts),
        ]
        worst = f"{max(late) * 1000:,.1f}" if late else "-"
        table.add_row(f"from {begin:.1f} s", *(f"{count:,}" for count in counts), worst)
    return table


def print_gate(findings: Sequence[Finding], before: Kept, console: Console) -> None:
    """What is worse than in the other release, and what could not be told."""
    title = f"against {before.fleet} of {before.document['time']}:"
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    for one in findings:
        line = f"  {one.verdict}: {one.load}, {one.figure}: {one.words}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _counts(one: Figures) -> Iterator[str]:
    answered = one.outcomes.get("answered", 0)
    yield f"{answered:,}"
    yield f"{one.requests - answered:,}"
    for rate in (one.per_second.tokens, one.per_second.good):
        yield f"{rate.value:,.1f}" if rate else "-"
    yield f"{one.attainment.value:.1%}" if one.attainment else "-"


def _times(one: Figures) -> Iterator[str]:
    for name in ("p50", "p95", "p99"):
        yield _milliseconds(one.latency.first_token[name])
    for name in ("p50", "p95"):
        yield _milliseconds(one.latency.token[name])
    gap = one.latency.gap["p99"]
    yield "-" if gap is None else _short(gap)
    for name in ("p50", "p95"):
        yield _milliseconds(one.latency.total[name])


def _milliseconds(found: Estimate | None) -> str:
    if found is None:
        return "-"
    text = _short(found.value)
    return text if found.enough else f"({text})"


def _short(seconds: float) -> str:
    """Tenths of a millisecond below a second: a table of these has 80 columns."""
    return f"{seconds * 1000:,.{1 if seconds < 1 else 0}f}"


def _intervals(found: Sequence[Figures]) -> Iterator[str]:
    for one in found:
        figures = {
            "first token p50": one.latency.first_token["p50"],
            "token p50": one.latency.token["p50"],
        }
        said = [
            f"{name} {_bound(figure.low)} to {_bound(figure.high)} ms"
            for name, figure in figures.items()
            if figure is not None
        ]
        rate = one.per_second.tokens
        if rate is not None and rate.low is not None and rate.high is not None:
            said.append(f"tokens/s {rate.low:,.1f} to {rate.high:,.1f}")
        if said:
            yield f"{one.load}: {', '.join(said)} (95 %)"


def _bound(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds * 1000:,.1f}"


def _words(found: Sequence[Figures]) -> Iterator[str]:
    if any(
        not figure.enough
        for one in found
        for times in (one.latency.first_token, one.latency.token, one.latency.total)
        for figure in times.values()
        if figure is not None
    ):
        yield "in brackets: too few answers beyond that percentile; --seconds or --runs give more"
    for one in found:
        if counts := not_answered(one.outcomes):
            shed = f", {one.shed_with_retry_after:,} shed with Retry-After"
            told = shed if one.shed_with_retry_after else ""
            yield f"{one.load}: not answered: {counts}{told}"
        yield from (f"warning: {one.load}: {words}" for words in one.warnings)


def _capacity(document: Mapping[str, Any]) -> Iterator[str]:
    closed = [one for one in document["loads"] if one["loop"] == "closed"]
    best = document["capacity"]
    if best is not None:
        limit = ", and this client was the limit" if best["client_limited"] else ""
        yield (
            f"capacity: {best['users']} at once keep the objective "
            f"({best['tokens_per_second']:,.1f} tokens/s, "
            f"{best['good_per_second']:.2f} good answers/s){limit}"
        )
    elif closed:
        yield "capacity: not even the fewest users get 99 % of their answers in time"


def _energy(found: Sequence[Figures], document: Mapping[str, Any]) -> Iterator[str]:
    energy = document["energy"]
    if energy is None:
        return
    yield from (f"energy: {words}" for words in energy["remarks"])
    gpus = energy["gpus"]
    idle = sum(one["idle_watts"] for one in gpus)
    for one in found if gpus else ():
        watts = sum(gpu["load_watts"][one.load] for gpu in gpus)
        rate = one.per_second.tokens
        each = f", {watts / rate.value:,.3f} J for each token" if rate and rate.value else ""
        yield f"{one.load}: {len(gpus)} GPU(s) took {watts:,.0f} W, idle {idle:,.0f} W{each}"
