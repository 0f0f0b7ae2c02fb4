"""Replicas that behave in some way, look by look."""

from collections.abc import Iterable

from deploys.watching.judging import OK, Look, Memory, Verdict, judge
from deploys.watching.limits import Limits
from deploys.watching.metrics import Metrics

LIMITS = Limits(
    look_seconds=15, silent_seconds=45, stuck_seconds=120, start_seconds=600, restarts_per_hour=3
)
BEGIN = 1_000_000.0


def answers(busy: float = 0, steps: float | None = 0, health: int = OK, gpu: str = "") -> Look:
    """A replica with metrics."""
    return Look("id@1", health=health, metrics=Metrics(busy, steps), gpu=gpu)


def only_health(health: int = OK) -> Look:
    """A replica whose metrics do not come."""
    return Look("id@1", health=health)


SILENT = only_health(0)


def after(looks: Iterable[Look], apart_seconds: float = 15) -> list[Verdict]:
    """The verdict of each of these looks."""
    memory, now, found = Memory(), BEGIN, []
    for look in looks:
        verdict, memory = judge(look, memory, LIMITS, now)
        found.append(verdict)
        now += apart_seconds
    return found


def states(looks: Iterable[Look], apart_seconds: float = 15) -> list[str]:
    """The same, in one word each."""
    return [verdict.state for verdict in after(looks, apart_seconds)]
