"""How a replica is, by what it says now and by what it said before: rules, and nobody asked.

Sick is what gives no answer, refuses, or holds requests and computes nothing; and what runs on a
GPU that its driver calls unfit. A full queue whose counters move is none of that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploys.watching.limits import Limits
from deploys.watching.metrics import Metrics, stands_still

WELL, STARTING, DOUBTFUL = "well", "starting", "doubtful"
DOWN, SILENT, ILL, STUCK, GPU = "down", "silent", "ill", "stuck", "gpu"
# What a new process mends; a GPU needs a reset, and what is down Docker starts, or a person.
MENDED_BY_RESTART = (SILENT, ILL, STUCK)
SICK = (DOWN, *MENDED_BY_RESTART, GPU)
STATES = (WELL, STARTING, DOUBTFUL, *SICK)
OK = 200


@dataclass(frozen=True)
class Look:
    """What was seen of one replica."""

    container: str = ""
    """ID@START: a container that was started again is another one; empty: none runs."""
    starting: bool = False
    """Whether Docker still gives it time to start."""
    health: int = 0
    """HTTP status of what its health check asks; 0: no answer."""
    metrics: Metrics | None = None
    gpu: str = ""
    """What is wrong with a GPU of it; empty: nothing."""
    why_down: str = "no container runs"


@dataclass(frozen=True)
class Memory:
    """What is kept of a replica from look to look; moments are seconds since 1970."""

    container: str = ""
    looked: float = 0.0
    began: float = 0.0
    """When this container was first seen."""
    answered: float = 0.0
    moved: float = 0.0
    """When it last computed something, or had nothing to compute."""
    steps: float | None = None
    served: bool = False
    """Whether this container has ever answered."""
    has_metrics: bool = False


@dataclass(frozen=True)
class Verdict:
    """How a replica is, and what shows it."""

    state: str
    evidence: str = ""

    @property
    def is_sick(self) -> bool:
        """Whether it must get no requests."""
        return self.state in SICK


def judge(look: Look, before: Memory, limits: Limits, now: float) -> tuple[Verdict, Memory]:
    """The verdict, and what to remember for the next look."""
    if not look.container:
        return Verdict(DOWN, look.why_down), Memory(looked=now)
    memory = _remembered(look, _counted_from(look, before, limits, now), now)
    if look.gpu:
        return Verdict(GPU, look.gpu), memory
    return _by_answers(look, memory, limits, now), memory


def _counted_from(look: Look, before: Memory, limits: Limits, now: float) -> Memory:
    """A new container, and a time without looks, begin anew: nobody knows what was meanwhile."""
    if before.container != look.container:
        return Memory(look.container, now, now, now, now)
    if 0 <= now - before.looked < limits.gap_seconds:
        return before
    return replace(before, began=now, answered=now, moved=now)


def _remembered(look: Look, memory: Memory, now: float) -> Memory:
    answers = look.health == OK
    metrics = look.metrics
    memory = replace(
        memory,
        looked=now,
        answered=now if answers else memory.answered,
        served=memory.served or answers,
        has_metrics=memory.has_metrics or metrics is not None,
    )
    if metrics is None:
        # Without metrics at all an answer is the only sign of life that there is.
        return memory if memory.has_metrics or not answers else replace(memory, moved=now)
    if stands_still(memory.steps, metrics):
        return memory
    return replace(memory, moved=now, steps=metrics.steps)


def _by_answers(look: Look, memory: Memory, limits: Limits, now: float) -> Verdict:
    if not memory.served:
        return _of_a_start(look, memory, limits, now)
    silent, still = now - memory.answered, now - memory.moved
    if look.health != OK and silent >= limits.silent_seconds:
        if look.health:
            return Verdict(ILL, f"its health check gets {look.health} for {silent:.0f} s")
        return Verdict(SILENT, f"no answer for {silent:.0f} s")
    if still >= limits.stuck_seconds:
        return Verdict(STUCK, _stillness(look, still))
    if look.health != OK or still >= limits.silent_seconds:
        return Verdict(DOUBTFUL, f"no sign of progress for {max(silent, still):.0f} s")
    return Verdict(WELL)


def _of_a_start(look: Look, memory: Memory, limits: Limits, now: float) -> Verdict:
    """A model may load for long; only the limit ends that, and not Docker's word alone."""
    seconds = now - memory.began
    if seconds < limits.start_seconds:
        words = "it starts" if look.starting else "it has not answered yet"
        return Verdict(STARTING, f"{words}, for {seconds:.0f} s")
    return Verdict(ILL, f"it has not answered in {seconds:.0f} s since its start")


def _stillness(look: Look, still: float) -> str:
    if look.metrics is None:
        answer = look.health or "nothing"
        return f"its health check gets {answer}, and /metrics says nothing for {still:.0f} s"
    return f"{look.metrics.busy:.0f} requests run or wait, and no step for {still:.0f} s"
