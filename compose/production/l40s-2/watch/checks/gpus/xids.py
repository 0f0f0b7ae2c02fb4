"""Errors of GPUs in the kernel's log, with NVIDIA's meaning of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator

from checks.gpus.findings import Examined, Finding, failing, warning
from checks.gpus.health import Gpu
from checks.gpus.xid_catalogue import (
    FALLEN_OFF,
    RECOVERY_ACTION_CHANGED,
    UNKNOWN,
    XIDS,
    Action,
    Xid,
)

# `NVRM: Xid (PCI:0000:05:00): 79, pid=…, name=…, text`; older drivers leave `PCI:` out.
_XID = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:]+)[^)]*\): (\d+),?\s*(.*)")
_FALLEN = re.compile(r"NVRM: GPU ([0-9a-fA-F:]+)\.\d: GPU has fallen off the bus()(.*)")
_LONGEST = 160
# For these NVIDIA wants the GPU reset before it computes again.
_RESETS = (Action.RESET, Action.REBOOT, Action.MEMORY)
# The log does not say that a GPU was reset since: an hour is for whoever does that.
RECENT_SECONDS = 3600


@dataclass(frozen=True)
class Event:
    """One kind of error of one GPU, as often as it was logged."""

    address: str
    """DOMAIN:BUS:DEVICE, as the kernel writes it."""
    code: int
    times: int
    age_seconds: int
    """Of the last one."""
    text: str
    """Of the last one."""


def events(lines: Iterable[tuple[int, str]]) -> list[Event]:
    """(age in seconds, text) -> each kind of error of each GPU once."""
    found: dict[tuple[str, int], Event] = {}
    for age, line in lines:
        match = _XID.search(line) or _FALLEN.search(line)
        if match is None:
            continue
        address, code = match[1].lower(), int(match[2] or FALLEN_OFF)
        known = found.get((address, code))
        times = known.times + 1 if known else 1
        found[address, code] = Event(address, code, times, age, match[3][:_LONGEST])
    return list(found.values())


def logged(examined: Examined) -> Iterator[Finding]:
    """Each kind once; what concerns a GPU that the plan does not use is a warning."""
    by_place = {_place(gpu): gpu for gpu in examined.health.gpus}
    for event in events(examined.health.log.get("lines", ())):
        gpu = by_place.get(event.address)
        xid = _meaning(event)
        times = f", {event.times} times" if event.times > 1 else ""
        said = f"XID {event.code} {_age(event.age_seconds)} ago{times}"
        evidence = f"{gpu or event.address}: {said}" + (f" ({event.text})" if event.text else "")
        grave = xid.action.is_grave and (gpu is None or examined.uses(gpu))
        yield (failing if grave else warning)(evidence, xid.meaning, xid.action.remedy)


def calling_for_a_reset(examined: Examined, gpu: Gpu) -> Iterator[Finding]:
    """Of one GPU, for drivers that give no verdict of their own: what was logged lately."""
    place = _place(gpu)
    for event in events(examined.health.log.get("lines", ())):
        xid = _meaning(event)
        recent = event.age_seconds < RECENT_SECONDS
        if place and event.address == place and recent and xid.action in _RESETS:
            yield failing(f"XID {event.code}", xid.meaning, xid.action.remedy)


def _place(gpu: Gpu) -> str:
    """As the kernel's log names it."""
    return str(gpu.readings.get("pcie", "")).rpartition(".")[0]


def _meaning(event: Event) -> Xid:
    if event.code == RECOVERY_ACTION_CHANGED:
        return Xid("the driver has changed what it asks for", Action.NOTHING)
    return XIDS.get(event.code, UNKNOWN)


def _age(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
