"""LocalAI's words: its version alone, for what its backend says it shows at `debug` only.

    INFO  LocalAI version version="v4.6.2 (fa0622604a5c423b2b6d9bd8ce010e22a497fd47)"

At `debug` it also logs what clients write, so the driver is asked instead: what the processes of
the container hold of each GPU, all parts together.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from checks.probes.engine_logs.reported import CPU, TOTAL, Reported
from deploys.render.release import PlannedDevice

PATTERN = "LocalAI version"
# Behind the driver's list: without it an empty one means that it was not asked.
ASKED = "asked"
_VERSION = re.compile(r"LocalAI version(?: version=\"|: )v(\d+\.\d+\.\d+)")


def read(lines: Iterable[str]) -> Reported:
    """One start's lines."""
    found = [match[1] for line in lines if (match := _VERSION.search(line))]
    return Reported(engine="localai", version=found[-1] if found else "")


def with_held(
    reported: Reported,
    planned: Sequence[PlannedDevice],
    listing: str,
    held: Mapping[str, float],
    pids: Collection[str],
) -> Reported:
    """With what the driver counts of each GPU; `held`: MiB by the GPU's UUID, of these processes.

    A driver that answers, and knows none of the processes on any GPU, tells of a backend that has
    found none. One that does not say how much (`[N/A]`) leaves the GPU out.
    """
    gpus = [device for device in planned if device.device != CPU]
    devices = {one.device: {TOTAL: held[one.gpu]} for one in gpus if one.gpu in held}
    lines = listing.splitlines()
    known = any(line.split(",")[1].strip() in pids for line in lines if line.count(",") == 2)
    if devices or known or not gpus or ASKED not in lines:
        return replace(reported, devices=devices)
    return replace(reported, devices={CPU: {}}, has_no_gpu=True)
