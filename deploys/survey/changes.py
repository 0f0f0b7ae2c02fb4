"""What differs between two readings of the same hosts, in the words of a diff."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploys.settings.hardware import Gpu, HostHardware

# Free disk and used memory are never the same twice. A plan keeps 512 MiB of a GPU as its margin.
SAME_DISK_SHARE = 0.1
SAME_USE_MIB = 64


@dataclass(frozen=True)
class Change:
    """One fact that is not what the file said; None: it was, or is, not there."""

    host: str
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.host}: + {self.path}: {self.after}"
        if self.after is None:
            return f"{self.host}: - {self.path}: {self.before}"
        return f"{self.host}: {self.path}: {self.before} -> {self.after}"


def carried_over(before: HostHardware | None, found: HostHardware) -> HostHardware:
    """What was found, with what the file knows better.

    That is what a person wrote or measured, and numbers that moved too little to matter.
    """
    if before is None:
        return found
    known = {gpu.uuid: gpu for gpu in before.gpus}
    disk_mib = before.disk_free_mib
    same_mib = int((disk_mib or 0) * SAME_DISK_SHARE)
    return found.model_copy(
        update={
            "gpus": tuple(_carried_over(known.get(gpu.uuid), gpu) for gpu in found.gpus),
            "ram_gb_per_second": before.ram_gb_per_second,
            "disk_free_mib": _steady(disk_mib, found.disk_free_mib, same_mib),
        }
    )


def _carried_over(before: Gpu | None, found: Gpu) -> Gpu:
    if before is None:
        return found
    process_mib = found.process_mib or before.process_mib
    used_mib = _steady(before.used_mib, found.used_mib, SAME_USE_MIB)
    return found.model_copy(update={"process_mib": process_mib, "used_mib": used_mib})


def _steady(before: int | None, found: int | None, same: int) -> int | None:
    """What was before, as long as what was found is no further off than `same`."""
    is_near = before is not None and found is not None and abs(found - before) <= same
    return before if is_near else found


def changes(before: Mapping[str, HostHardware], after: Mapping[str, HostHardware]) -> list[Change]:
    """Host by host: GPUs that came and went, and facts that changed."""
    return [
        change for host in sorted(after) for change in _of_host(host, before.get(host), after[host])
    ]


def _of_host(host: str, before: HostHardware | None, after: HostHardware) -> Iterator[Change]:
    if before is None:
        cores = f"{after.cpu.physical_cores} cores, {after.memory_mib} MiB"
        yield Change(host, "host", None, cores)
    old = {gpu.uuid: gpu for gpu in before.gpus} if before else {}
    new = {gpu.uuid: gpu for gpu in after.gpus}
    for uuid in [*old, *(uuid for uuid in new if uuid not in old)]:
        if uuid in old and uuid in new:
            yield from _differences(host, uuid, _words(old[uuid]), _words(new[uuid]))
        else:
            yield Change(host, uuid, _title(old.get(uuid)), _title(new.get(uuid)))
    if before is not None:
        yield from _differences(host, "", _words(before), _words(after))


def _differences(
    host: str, path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        where = f"{path}.{key}" if path else key
        if isinstance(old, dict) or isinstance(new, dict):
            yield from _differences(host, where, old or {}, new or {})
        elif old != new:
            yield Change(host, where, old, new)


def _words(part: HostHardware | Gpu) -> dict[str, Any]:
    """Without what stands for "not known", and without a host's GPUs, which are compared apart."""
    words = part.model_dump(mode="json", exclude_defaults=True, exclude={"gpus"})
    if isinstance(part, Gpu) and part.mig:
        words["mig"] = {one.uuid: f"{one.profile}, {one.memory_mib} MiB" for one in part.mig}
    return words


def _title(gpu: Gpu | None) -> str | None:
    return f"{gpu.name}, {gpu.memory_mib} MiB" if gpu else None
