"""What the GPUs of hosts take while something else goes on: one program on each, a line a second.

One connection for all of it: to ask anew at each begin and end would cost a handshake each time,
and tell neither when it was answered nor what was between. Nothing stays on the host.
"""

import ast
import shlex
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from checks.probes.host import command_line
from checks.probes.on_host.energy import MARK
from checks.probes.program import program
from deploys.settings.inventory import InventoryHost

# NVML's counter moves every 20 to 100 ms: an end of a second's line is off by a tenth of it.
APART_SECONDS = 1.0
# Eight GPUs without the persistence daemon wake up in about 20 s.
FIRST_LINE_SECONDS = 30.0
# What hangs in a driver cannot be ended, and is left to the host's own limit.
END_SECONDS = 2.0
# A host that says nothing for so long has stopped.
LATE_SECONDS = 20.0
# Not to the end: the program goes on until there is one.
UNPACK = "import sys, zlib; exec(zlib.decompress(sys.stdin.buffer.read({size})))"
MODULES = ("linux", "containers", "smi", "nvml", "readings", "energy")


@dataclass(frozen=True)
class Reading:
    """One look at a GPU; None where it does not tell."""

    at: float
    """Seconds of a monotonic clock."""
    energy_mj: float | None
    """Millijoules since the driver was loaded (nvmlDeviceGetTotalEnergyConsumption)."""
    power_mw: float | None
    busy_percent: float | None


@dataclass
class Recorded:
    """One host so far."""

    lacking: dict[str, str] = field(default_factory=dict)
    """UUID -> why it has no counter."""
    refused: str = ""
    """Why there is nothing, or nothing more."""
    heard: threading.Event = field(default_factory=threading.Event)
    clock_ahead: float | None = None
    """Host's monotonic clock less ours; the most that was seen, whose line travelled least."""
    lines: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)


@contextmanager
def recording(hosts: Iterable[InventoryHost], most_seconds: float) -> Iterator[dict[str, Recorded]]:
    """Reads within, from when every host has said something or was given up; host -> what it said.

    `most_seconds`: after which a host stops by itself, whatever became of this machine.
    """
    found: dict[str, Recorded] = {}
    processes, threads = [], []
    try:
        for host in hosts:
            found[host.name] = Recorded()
            process = _begin(host, most_seconds)
            processes.append(process)
            thread = threading.Thread(target=_listen, args=(process, found[host.name]), daemon=True)
            thread.start()
            threads.append(thread)
        until = time.monotonic() + FIRST_LINE_SECONDS
        for one in found.values():
            if not one.heard.wait(max(0.0, until - time.monotonic())):
                one.refused = f"no answer within {FIRST_LINE_SECONDS:g} s"
        yield found
    finally:
        for process in processes:
            # A signal would end what stands between, and not what it began there.
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
        for thread in threads:
            thread.join(END_SECONDS)


def _begin(host: InventoryHost, most_seconds: float) -> "subprocess.Popen[bytes]":
    limit = f"timeout -k 5 {most_seconds + 10:.0f}"
    arguments = shlex.join([str(APART_SECONDS), str(most_seconds)])
    source = program(MODULES)
    unpack = shlex.quote(UNPACK.format(size=len(source)))
    line = command_line(host, f"{limit} python3 -I -c {unpack} {arguments}")
    process = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdin is not None
    # Where it has ended already, what it said tells why.
    with suppress(OSError):
        process.stdin.write(source)
        process.stdin.flush()
    return process


def _listen(process: "subprocess.Popen[bytes]", into: Recorded) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    last = ""
    with process.stdout:
        for raw in process.stdout:
            came, line = time.monotonic(), raw.decode(errors="replace").strip()
            if not line.startswith(MARK):
                last = line or last
                continue
            try:
                _take(into, came, ast.literal_eval(line.removeprefix(MARK).strip()))
                last = ""
            except (ValueError, SyntaxError, KeyError, TypeError):
                last = f"its answer makes no sense: {line[:100]}"
    # Closed is what it reads once nobody wants to hear more.
    if not into.refused and not (into.lines and process.stdin.closed):
        into.refused = last or f"it stopped with exit status {process.wait()}"
    process.wait()
    into.heard.set()


def _take(into: Recorded, came: float, said: Mapping[str, Any]) -> None:
    if "refused" in said:
        into.refused = str(said["refused"])
        return
    ahead = float(said["at"]) - came
    into.clock_ahead = ahead if into.clock_ahead is None else max(into.clock_ahead, ahead)
    for one in said["gpus"]:
        counter = one["energy_mj"]
        if isinstance(counter, dict):
            into.lacking[one["uuid"]] = str(counter["said"])
    into.lines.append((float(said["at"]), said))
    into.heard.set()


def wait_for(recorded: Mapping[str, Recorded], instant: float) -> None:
    """Until each host has been looked at after an instant of our clock, or says nothing more."""
    until = time.monotonic() + LATE_SECONDS
    waiting = [one for one in recorded.values() if one.lines and not one.refused]
    while waiting and time.monotonic() < until:
        time.sleep(APART_SECONDS / 10)
        waiting = [one for one in waiting if not one.refused and _last(one) < instant]


def _last(recorded: Recorded) -> float:
    return recorded.lines[-1][0] - (recorded.clock_ahead or 0.0)


def readings(recorded: Recorded) -> dict[str, list[Reading]]:
    """UUID -> what was read, by this machine's clock."""
    found: dict[str, list[Reading]] = {}
    for at, said in list(recorded.lines):
        for one in said["gpus"]:
            busy = one["utilization"]
            found.setdefault(one["uuid"], []).append(
                Reading(
                    at=at - (recorded.clock_ahead or 0.0),
                    energy_mj=_number(one["energy_mj"]),
                    power_mw=_number(one["power_mw"]),
                    busy_percent=_number(busy.get("gpu", busy)),
                )
            )
    return found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
