"""One run of a command: how long it took, and what it cost this machine."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.lab.machine import LabError


@dataclass(frozen=True)
class Measured:
    """One run; the processor's time is the controller's, children included."""

    wall_seconds: float
    cpu_seconds: float
    largest_mib: float
    """Resident memory of its largest process."""


def measured(
    command: Sequence[str], folder: Path, words: Mapping[str, str], accept: Sequence[int] = (0,)
) -> Measured:
    """Runs a command to its end; LabError with its output when it ends otherwise."""
    log = folder / "output"
    begun = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            env={**os.environ, **words},
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accept:
        end = log.read_text()[-3000:]
        raise LabError(f"{command[0]} ended with {process.returncode}", end)
    wall = time.monotonic() - begun
    return Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Median, least and most."""
    rounded = [round(value, digits) for value in (median(values), min(values), max(values))]
    return dict(zip(("median", "least", "most"), rounded, strict=True))


def percentile(values: Sequence[float], share: int) -> float:
    """The least value that `share` percent of a sample do not exceed."""
    return sorted(values)[max(0, -(-len(values) * share // 100) - 1)]
