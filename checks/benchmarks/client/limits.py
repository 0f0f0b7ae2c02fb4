"""Whether this client, and not the server, is what a run has measured."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.benchmarks.client.sample import Outcome, Sample
from checks.canary.evidence import quantile

EVERY_SECONDS = 0.01
# Beyond these the client counts as the limit. One asyncio process has one core.
MOST_CORE_SHARE = 0.8
# Instants come from the kernel, so that this is not in them: but a closed loop sends its next
# request so much later, and events that lie together are read with one instant.
MOST_LAG_SECONDS = 0.02
# An open loop's latencies count from the intended start: what is sent late is in them.
MOST_SEND_SECONDS = 0.02


@dataclass(frozen=True)
class Watch:
    """What the client had to do meanwhile."""

    lags_seconds: Sequence[float] = ()
    wall_seconds: float = 0
    cpu_seconds: float = 0


async def watch(seconds: float) -> Watch:
    """Measures for so long how late the event loop is, and the process's own time."""
    clock = asyncio.get_running_loop().time
    begun, cpu = clock(), time.process_time()
    lags_seconds = []
    while (now := clock()) < begun + seconds:
        await asyncio.sleep(EVERY_SECONDS)
        lags_seconds.append(max(0.0, clock() - now - EVERY_SECONDS))
    return Watch(lags_seconds, clock() - begun, time.process_time() - cpu)


@dataclass(frozen=True)
class ClientFigures:
    """How busy and how late the client was."""

    core_share: float
    """Of one core."""
    loop_lag_p99_seconds: float
    send_late_p99_seconds: float
    """From the intended start until the request was on its way, over connections that were open."""
    read_late_p99_seconds: float
    """Of each answer the longest that bytes lay unread."""
    bunched_share: float
    """Of answers: the first event came, or was read, together with the second."""
    stamped: bool
    """Whether instants are the kernel's."""
    unsent: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why this client is the limit; empty when it is not."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[str]:
        if self.core_share > MOST_CORE_SHARE:
            yield f"this client's process took {self.core_share:.0%} of one core"
        if self.loop_lag_p99_seconds > MOST_LAG_SECONDS:
            yield f"its event loop was {self.loop_lag_p99_seconds * 1000:.0f} ms late (p99)"
        if self.send_late_p99_seconds > MOST_SEND_SECONDS:
            yield f"requests left {self.send_late_p99_seconds * 1000:.0f} ms late (p99)"
        if not self.stamped and self.read_late_p99_seconds == 0:
            yield "the kernel does not say when bytes arrive: lateness is in the latencies"
        if self.unsent:
            yield f"{self.unsent} requests were not sent: too many were under way"


def client_figures(
    watches: Sequence[Watch], samples: Sequence[Sample], *, stamped: bool
) -> ClientFigures:
    """Of one point's runs."""
    sent = [one for one in samples if one.sent]
    wall = sum(one.wall_seconds for one in watches)
    return ClientFigures(
        core_share=sum(one.cpu_seconds for one in watches) / wall if wall else 0.0,
        loop_lag_p99_seconds=_p99([lag for one in watches for lag in one.lags_seconds]),
        send_late_p99_seconds=_p99(
            [one.sent - one.wanted for one in sent if not one.connected_anew]
        ),
        read_late_p99_seconds=_p99([one.latest_read_seconds for one in sent]),
        bunched_share=sum(map(_is_bunched, sent)) / len(sent) if sent else 0.0,
        stamped=stamped,
        unsent=sum(one.outcome == Outcome.unsent for one in samples),
    )


def _is_bunched(sample: Sample) -> bool:
    return len(sample.arrivals) > 1 and sample.arrivals[0] == sample.arrivals[1]


def _p99(values: Sequence[float]) -> float:
    return quantile(sorted(values), 0.99) if values else 0.0
