"""`homeport bench --beside PROGRAM`: what another client says of the same gateway."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from checks.benchmarks.load.point import Load, Point
from checks.benchmarks.load.workload import Bodies
from checks.benchmarks.numbers.figures import Figures
from checks.benchmarks.second_opinions.adapter import Installed, NotUsable, find, opinion
from checks.benchmarks.second_opinions.known import ADAPTERS
from checks.benchmarks.second_opinions.question import NoOpinion, Question
from deploys.cli.bench_target import Target
from deploys.settings.refusal import Complaint, Refused

# What it says, and what the kit's own client says of the same, by its words in the JSON.
COMPARED = (
    ("first token p50", "first_p50_ms", "first_token", "p50"),
    ("first token p99", "first_p99_ms", "first_token", "p99"),
    ("token p50", "token_p50_ms", "token", "p50"),
    ("total p50", "total_p50_ms", "total", "p50"),
    ("total p99", "total_p99_ms", "total", "p99"),
)


def program(beside: str, loads: Sequence[Load], asked: Target) -> Installed | None:
    """None where nobody wants one; raises typer.BadParameter, Refused."""
    if not beside:
        return None
    if beside not in ADAPTERS:
        raise typer.BadParameter(f"--beside {beside}: {', '.join(ADAPTERS)}")
    if not any(load.loop == "closed" for load in loads):
        raise typer.BadParameter(f"--beside {beside}: goes with --concurrency")
    if asked.way.server_name:
        found = f"{beside} cannot ask an address for the name {asked.way.server_name}"
        hint = "run it by itself, with a URL of that name"
        raise Refused([Complaint("--beside", "", found, hint)])
    adapter = ADAPTERS[beside]
    try:
        return find(adapter)
    except NotUsable as found:
        wanted = f"pip install '{adapter.package}=={adapter.tried}.*'"
        hint = f"{wanted} in an environment of its own, whose bin is on the PATH"
        raise Refused([Complaint("--beside", "", str(found), hint)]) from None


def opinions(
    other: Installed | None,
    asked: Target,
    bodies: Bodies,
    points: Sequence[Point],
    timeout_seconds: float,
) -> Iterator[dict[str, Any]]:
    """Of each closed loop, with as many requests as a run of it had: its figures, or `error`."""
    key = asked.headers["Authorization"].removeprefix("Bearer ")
    for point in points:
        users = point.load.users
        if other is None or point.load.loop != "closed":
            continue
        bodies.rewind()
        number = max(users, len(point.samples) // len(point.runs)) + users
        drawn = [bodies.take() for _ in range(number)]
        seconds = point.seconds + timeout_seconds
        question = Question(asked.way.url, asked.path, asked.model, key, users, drawn, seconds)
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = asdict(opinion(other, question, Path(folder)))
            except NoOpinion as none:
                found = {"error": str(none)}
        whose = {"program": other.adapter.program, "version": other.version}
        yield {**whose, "load": point.load.name, **found}


def opinion_lines(found: Sequence[Mapping[str, Any]], own: Sequence[Figures]) -> Iterator[str]:
    """Beside what the kit's own client says; for people."""
    by_load = {one.load: one for one in own}
    for one in found:
        if "error" in one:
            continue
        words = [f"{one['answers']:,} answers"]
        for title, column, times, share in COMPARED:
            ours = getattr(by_load[one["load"]].latency, times)[share]
            beside = f" (here {ours.value * 1000:,.1f})" if ours else ""
            words.append(f"{title} {one[column]:,.1f} ms{beside}")
        yield f"{one['load']} by {one['program']}: {', '.join(words)}"
