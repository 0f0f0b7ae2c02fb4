"""What the benchmark's GPUs take meanwhile: which are asked, and when they were idle."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.benchmarks.cost.share import shares
from checks.benchmarks.energy import Span, energy_document
from checks.benchmarks.load.measure import Spans
from checks.benchmarks.load.point import Point
from checks.probes.energy import Recorded, recording, wait_for
from deploys.cli.chat import committed_releases
from deploys.settings.inventory import read_inventory

# After the first two requests clocks go down again; the driver waits a few seconds with that.
SETTLE_SECONDS = 5.0


@dataclass
class Meter:
    """Of one benchmark; of nothing where no GPU serves the model, or it is not wanted."""

    gpus: Mapping[str, Sequence[str]]
    """Host -> UUIDs."""
    recorded: Mapping[str, Recorded]
    idle_seconds: float
    idle: Span | None = None

    async def wait_idle(self) -> None:
        """Lets the GPUs be for a while, and remembers when."""
        if self.gpus:
            await asyncio.sleep(SETTLE_SECONDS)
            begin = time.monotonic()
            await asyncio.sleep(self.idle_seconds)
            self.idle = Span(begin, time.monotonic())

    def words(self, points: Sequence[Point]) -> dict[str, Any] | None:
        """For the document; None: nothing was measured. To be asked while they are recorded."""
        if self.idle is None:
            return None
        # The look after the last run's end.
        wait_for(self.recorded, time.monotonic())
        return energy_document(self.recorded, self.gpus, self.idle, points)


@contextmanager
def metered(
    root: Path, environment: str, model: str, idle_seconds: float, most_seconds: float
) -> Iterator[Meter]:
    """Reads the model's GPUs within."""
    found = shares(list(committed_releases(root, environment)), model).hosts if idle_seconds else {}
    gpus = {host: sorted(share.gpus) for host, share in found.items() if share.gpus}
    hosts = (one for one in read_inventory(root, environment).hosts if one.name in gpus)
    if not gpus:
        yield Meter({}, {}, 0)
        return
    with recording(hosts, most_seconds) as recorded:
        yield Meter(gpus, recorded, idle_seconds)


def most_seconds(spans: Spans, loads: int, timeout_seconds: float, idle_seconds: float) -> float:
    """That a benchmark can take: each run may end with an answer that comes as late as it may."""
    run = spans.warm_up_seconds + spans.seconds + timeout_seconds
    return loads * spans.runs * run + idle_seconds + 120
