"""What GPUs took in a benchmark, idle and under each load. README.md describes every word of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.benchmarks.cost.machines import GpuWatts
from checks.benchmarks.load.point import Point
from checks.benchmarks.numbers.energy import (
    SAMPLES,
    Untold,
    Watts,
    busiest,
    mean_watts,
)
from checks.probes.energy import Reading, Recorded, readings

# A desktop or a monitor takes a few; above that somebody else has asked.
BUSY_PERCENT = 5


@dataclass(frozen=True)
class Span:
    """Instants of the monotonic clock."""

    begin: float
    end: float


def energy_document(
    recorded: Mapping[str, Recorded],
    gpus: Mapping[str, Collection[str]],
    idle: Span,
    points: Sequence[Point],
) -> dict[str, Any]:
    """`gpus` (those of the model, by host), each with its watts; and `remarks`."""
    rows, remarks = [], []
    for host, uuids in gpus.items():
        one = recorded[host]
        known = readings(one)
        remarks += [f"{host}: {one.refused}"] if one.refused else []
        for uuid in uuids:
            try:
                rows.append(_row(host, uuid, known.get(uuid, ()), idle, points))
            except Untold as untold:
                remarks.append(f"{host}: {uuid}: {untold}")
            else:
                remarks += [f"{host}: {uuid}: {words}" for words in _remarks(rows[-1], one, uuid)]
                remarks += list(_busy(host, uuid, known[uuid], idle))
    return {"gpus": rows, "remarks": remarks}


def _row(
    host: str, uuid: str, known: Sequence[Reading], idle: Span, points: Sequence[Point]
) -> dict[str, Any]:
    without = mean_watts(known, idle.begin, idle.end)
    loads = {point.load.name: _load(known, point) for point in points}
    ways = {without.way, *(one.way for one in loads.values())}
    return {
        "host": host,
        "uuid": uuid,
        "way": " and ".join(sorted(ways)),
        "idle_watts": without.value,
        "load_watts": {name: one.value for name, one in loads.items()},
    }


def _load(known: Sequence[Reading], point: Point) -> Watts:
    """Of all runs together, by their length."""
    parts = [(mean_watts(known, run.begin, run.end), run.end - run.begin) for run in point.runs]
    joules = sum(one.value * seconds for one, seconds in parts)
    ways = sorted({one.way for one, _ in parts})
    return Watts(joules / sum(seconds for _, seconds in parts), " and ".join(ways))


def _remarks(row: Mapping[str, Any], recorded: Recorded, uuid: str) -> Iterator[str]:
    if SAMPLES in row["way"]:
        why = recorded.lacking.get(uuid, "its energy counter stands still")
        yield f"by power samples, a second apart, which miss what is between: {why}"


def _busy(host: str, uuid: str, known: Sequence[Reading], idle: Span) -> Iterator[str]:
    most = busiest(known, idle.begin, idle.end)
    if most > BUSY_PERCENT:
        yield f"{host}: {uuid}: {most:.0f} % busy when it should have been idle: somebody has asked"


def gpu_watts(energy: Mapping[str, Any] | None, load: str) -> dict[str, GpuWatts]:
    """GPU's UUID -> what a kept benchmark says of it under this load."""
    return {
        one["uuid"]: GpuWatts(one["idle_watts"], one["load_watts"][load], one["way"])
        for one in (energy or {"gpus": ()})["gpus"]
        if load in one["load_watts"]
    }
