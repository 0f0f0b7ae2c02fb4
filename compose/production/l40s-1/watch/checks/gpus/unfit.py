"""GPUs that cannot be relied on to compute: the rules by which one must get no work.

Stricter than checks are: what is not told is no verdict, and heat or a narrow link makes nobody
wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence

from checks.gpus import driver, memory, recovery, xids
from checks.gpus.findings import Examined, Finding, Rule, Severity
from checks.gpus.health import Gpu, Health, Lacking, Unreadable

RULES: Sequence[Rule] = (
    *(recovery.lost, recovery.recovery_action),
    *(memory.errors, memory.remapped_rows, memory.retired_pages),
)


@dataclass(frozen=True)
class _Planned:
    uuid: str
    name: str = ""
    slices: Sequence[str] = ()


def unfit(health: Health, wanted: Iterable[str]) -> dict[str, str]:
    """UUID of each of these GPUs that is unfit -> what shows it, and what it means."""
    found = {}
    for uuid in wanted:
        first = next(_findings(Examined("", health, (_Planned(uuid),)), uuid), None)
        if first is not None:
            found[uuid] = f"{first.evidence.strip()}: {first.cause}"
    return found


def _findings(examined: Examined, uuid: str) -> Iterator[Finding]:
    yield from driver.missing(examined)
    for gpu in examined.health.gpus:
        if gpu.uuid != uuid:
            continue
        for rule in RULES:
            yield from _grave(rule, gpu)
        if not _says_itself(gpu):
            yield from xids.calling_for_a_reset(examined, gpu)


def _grave(rule: Rule, gpu: Gpu) -> Iterator[Finding]:
    try:
        # One by one: what was found before something is lacking stays found.
        for one in rule(gpu):
            if one.severity is Severity.FAIL:
                yield one
    except (Lacking, Unreadable):
        return


def _says_itself(gpu: Gpu) -> bool:
    """Whether its driver gives a verdict of its own, which a reset takes back at once."""
    try:
        gpu.get("recovery_action")
    except (Lacking, Unreadable):
        return False
    return True
