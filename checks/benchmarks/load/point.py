"""One point of a benchmark: one kind of load, and the runs in which it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from checks.benchmarks.client.limits import Watch
from checks.benchmarks.client.sample import Sample


@dataclass(frozen=True)
class Load:
    """What is asked of the gateway at once."""

    loop: Literal["closed", "open"]
    users: int = 0
    """Of a closed loop."""
    per_second: float = 0
    """Requests of an open one, at its highest."""
    profile: str = "steady"

    @property
    def name(self) -> str:
        """`16 users`, `5/s`, `13.9/s peak`: how a person calls it, and how it is found again."""
        if self.loop == "closed":
            return f"{self.users} user{'s' if self.users > 1 else ''}"
        return f"{self.per_second:g}/s" + ("" if self.profile == "steady" else f" {self.profile}")


@dataclass(frozen=True)
class Run:
    """One run of a load. What was wanted before `begin` is warm-up and not judged."""

    begin: float
    """Instant of the monotonic clock after the warm-up."""
    end: float
    """When nothing new was sent any more; what was under way then was waited for."""
    samples: Sequence[Sample]
    watch: Watch = field(default_factory=Watch)

    @property
    def judged(self) -> list[Sample]:
        """All that were wanted after the warm-up, by time."""
        within = (one for one in self.samples if self.begin <= one.wanted < self.end)
        return sorted(within, key=lambda one: one.wanted)


@dataclass(frozen=True)
class Point:
    """A load and its runs."""

    load: Load
    runs: Sequence[Run]
    stamped: bool = True

    @property
    def samples(self) -> list[Sample]:
        """All that are judged."""
        return [one for run in self.runs for one in run.judged]

    @property
    def seconds(self) -> float:
        """Of all runs together, without their warm-up."""
        return sum(run.end - run.begin for run in self.runs)
