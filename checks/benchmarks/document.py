"""What one benchmark found, as JSON. README.md beside this describes every word of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from checks.benchmarks.load.measure import Spans
from checks.benchmarks.load.point import Point
from checks.benchmarks.load.prompts import Scale
from checks.benchmarks.load.workload import Workload
from checks.benchmarks.numbers.figures import Figures
from checks.benchmarks.numbers.objective import Objective

SCHEMA = 1
# Of a load that counts as carried: the objective is a promise for nearly all.
CARRIED = 0.99


@dataclass(frozen=True)
class About:
    """Which benchmark this is."""

    environment: str
    fleet: str
    """Name of all hosts' releases together, as `homeport releases` has it."""
    time: str
    """UTC, ISO 8601."""
    workload: Workload
    objective: Objective
    spans: Spans
    scale: Scale | None


def document(about: About, points: Sequence[Point], found: Sequence[Figures]) -> dict[str, Any]:
    """Everything, ready to be written."""
    releases = sorted({one.release for point in points for one in point.samples if one.release})
    return {
        "schema": SCHEMA,
        "environment": about.environment,
        "fleet": about.fleet,
        "gateway_releases": releases,
        "time": about.time,
        "workload": workload_words(about.workload),
        "objective": asdict(about.objective),
        "spans": asdict(about.spans),
        "tokens_per_word": about.scale.tokens_per_word if about.scale else None,
        "loads": [asdict(one) for one in found],
        "capacity": capacity(points, found),
        "client_limited": sorted(one.load for one in found if one.client.warnings),
    }


def workload_words(workload: Workload) -> dict[str, Any]:
    """What two benchmarks must have in common to be compared."""
    return {
        "model": workload.model,
        "prompt": workload.prompt.words,
        "completion": workload.completion.words,
        "shared_tokens": workload.shared_tokens,
        "seed": workload.seed,
    }


def capacity(points: Sequence[Point], found: Sequence[Figures]) -> Mapping[str, Any] | None:
    """The most users of a closed loop whose answers nearly all meet the objective, and what they
    get; None where not even the fewest do.
    """
    carried = [
        (point.load.users, one)
        for point, one in zip(points, found, strict=True)
        if point.load.loop == "closed" and one.attainment and one.attainment.value >= CARRIED
    ]
    if not carried:
        return None
    users, best = max(carried, key=lambda one: one[0])
    return {
        "users": users,
        "tokens_per_second": best.per_second.tokens and best.per_second.tokens.value,
        "good_per_second": best.per_second.good and best.per_second.good.value,
        "client_limited": bool(best.client.warnings),
    }
