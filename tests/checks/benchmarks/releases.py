"""Made-up benchmarks of releases."""

import random
from collections.abc import Mapping
from typing import Any

from checks.benchmarks.client.sample import Outcome
from checks.benchmarks.document import About, document
from checks.benchmarks.load.lengths import read_lengths
from checks.benchmarks.load.measure import Spans
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.load.workload import Workload
from checks.benchmarks.numbers.figures import figures
from checks.benchmarks.numbers.gate import Side
from checks.benchmarks.numbers.objective import Objective
from checks.benchmarks.numbers.rates import token_rates
from checks.benchmarks.numbers.rows import rows
from tests.checks.benchmarks.samples import answered, failed

WORKLOAD = Workload("chat", "/v1/chat/completions", read_lengths("64"), read_lengths("16"))


def release(
    seed: int, slower: float = 1, requests: int = 400, runs: int = 3, failures: int = 0
) -> Point:
    """Runs whose answers vary by a quarter, and which lie a per cent apart themselves."""
    chance = random.Random(seed)
    found = []
    for _ in range(runs):
        factor = slower * chance.gauss(1, 0.01)
        samples = [
            answered(
                number * 100 / requests,
                first=0.1 * chance.lognormvariate(0, 0.25) * factor,
                gap=0.01 * chance.lognormvariate(0, 0.05) * factor,
                events=8,
            )
            for number in range(requests)
        ]
        samples += [failed(number, Outcome.overloaded) for number in range(failures)]
        found.append(Run(0, 100, samples))
    return Point(Load("closed", users=4), found)


def side(point: Point) -> Mapping[str, Side]:
    """What is compared of it."""
    paces = [token_rates(run) for run in point.runs] if point.load.loop == "closed" else []
    return {point.load.name: Side(list(rows([point])), paces)}


def documented(
    *points: Point, fleet: str = "new", time: str = "2026-01-02T00:00:00Z"
) -> dict[str, Any]:
    """As it is kept."""
    about = About("small", fleet, time, WORKLOAD, Objective(), Spans(100, 5, 3), None)
    found = document(about, points, [figures(point, Objective()) for point in points])
    return {**found, "gate": None}
