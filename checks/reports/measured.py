"""Benchmarks that are kept of a release, for its report: figures, and their part of the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.benchmarks import kept
from checks.benchmarks.plots.page import parts
from checks.reports.words import Benchmark, Load
from deploys.settings.refusal import Complaint, Refused

HEADINGS = (
    "load", "answered", "first token p50, ms", "p95", "token p50, ms", "total p95, ms",
    "tokens/s", "good/s", "in time, %",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One of them."""

    words: Benchmark
    html: tuple[str, ...]
    """What its own page shows."""


def measured(root: Path, environment: str, fleet: str) -> list[Measured]:
    """The newest of each model under this release; raises Refused for a file that is none."""
    where = kept.folder(root, environment)
    newest: dict[str, kept.Kept] = {}
    for one in kept.of_fleet(where, fleet):
        model = one.document["workload"]["model"]
        if model not in newest or newest[model].document["time"] < one.document["time"]:
            newest[model] = one
    return [_measured(newest[model]) for model in sorted(newest)]


def load_row(one: Load) -> tuple[str, ...]:
    """Below these headings."""
    figures = (
        one.first_token_p50_ms,
        one.first_token_p95_ms,
        one.token_p50_ms,
        one.total_p95_ms,
        one.tokens_per_second,
        one.good_per_second,
        one.in_time_percent,
    )
    return (
        one.load,
        f"{one.answered:,} of {one.requests:,}",
        *("-" if found is None else f"{found:,.1f}" for found in figures),
    )


def _measured(one: kept.Kept) -> Measured:
    try:
        return Measured(_words(one.document), tuple(parts(one.document, one.rows())))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        said = (str(error).splitlines() or [""])[0]
        wrong = f"is not what `bench` writes: {type(error).__name__}: {said}"
        raise Refused([Complaint(str(one.path), "", wrong, kept.HINT)]) from None


def _words(document: Mapping[str, Any]) -> Benchmark:
    workload, best = document["workload"], document["capacity"]
    return Benchmark(
        model=workload["model"],
        workload=", ".join(
            f"{name.replace('_', ' ')} {value}"
            for name, value in workload.items()
            if name != "model"
        ),
        time=document["time"],
        capacity_users=best["users"] if best else None,
        loads=list(_loads(document)),
    )


def _loads(document: Mapping[str, Any]) -> Iterator[Load]:
    for one in document["loads"]:
        latency, rates, kept_objective = one["latency"], one["per_second"], one["attainment"]
        yield Load(
            load=one["load"],
            requests=one["requests"],
            answered=one["outcomes"].get("answered", 0),
            first_token_p50_ms=_figure(latency["first_token"]["p50"], 1000),
            first_token_p95_ms=_figure(latency["first_token"]["p95"], 1000),
            token_p50_ms=_figure(latency["token"]["p50"], 1000),
            total_p95_ms=_figure(latency["total"]["p95"], 1000),
            tokens_per_second=_figure(rates["tokens"]),
            good_per_second=_figure(rates["good"]),
            in_time_percent=_figure(kept_objective, 100),
        )


def _figure(found: Mapping[str, Any] | None, times: float = 1) -> float | None:
    """In another unit, with the digits that somebody may read."""
    return None if found is None else round(found["value"] * times, 3)
