"""The driver itself: whether it answers, fits its libraries, and shows what was planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Sequence

from checks.gpus.findings import Examined, Finding, failing
from checks.gpus.health import NO_PYTHON, Gpu, Health, Refused
from checks.gpus.recovery import POWER_CYCLE, REBOOT

MISMATCH = 18
HANGS = "hangs"
# nvmlReturn_t of nvml.h -> cause and remedy, for a driver that does not start.
REASONS: Mapping[int | str, tuple[str, str]] = {
    4: ("this user may not talk to the driver", "connect as root, or with `_sudo`"),
    9: (
        "its kernel module is not loaded",
        "`modprobe nvidia`; `dmesg` says why not (secure boot, a new kernel without the module); "
        "`pyinfra inventories/ENV.py deploys/nvidia.py` installs it",
    ),
    12: ("its libraries are not there", "`pyinfra inventories/ENV.py deploys/nvidia.py`"),
    HANGS: (
        "it hangs: a GPU, or its system processor, does not answer (XID 119 in the kernel's log)",
        REBOOT,
    ),
    999: ("it fails without saying why", "`dmesg | grep NVRM` says why; then reboot the host"),
}
ANY = ("it does not start", "`dmesg | grep NVRM` says why; then reboot the host")
PYTHON = "`apt-get install python3-minimal` on the host, or `python3` to have NVML itself asked"
CUT_OFF = "the host sees its GPUs: the container was cut off from them, or started before them"
TOO_OLD = "a driver knows the CUDA of its own major version and of those before, and no later one"
NEWER = (
    "a newer driver (`nvidia.driver` of the inventory), or an image that was made with CUDA {}; "
    "NVIDIA's CUDA Compatibility has the least driver of each"
)
RECREATE = (
    "recreate the container (`docker compose up --force-recreate`); CDI devices, which the kit "
    "reserves, survive `systemctl daemon-reload`"
)


def answers(refused: Refused | None) -> Iterator[Finding]:
    """A mismatch of versions is another check's."""
    if refused is None or refused.code == MISMATCH:
        return
    cause, remedy = REASONS.get(refused.code or 0, ANY)
    if refused.said == NO_PYTHON:
        cause, remedy = "nothing on the host can ask the driver", PYTHON
    yield failing(refused.said, cause, remedy)


def versions(examined: Examined) -> Iterator[Finding]:
    """Kernel module against libraries; an upgrade leaves the old module running."""
    health = examined.health
    module = health.system.get("module") or ""
    libraries: Sequence[str] = health.system.get("libraries") or ()
    remedy = "reboot the host, or unload the old module and load the new one while nothing runs"
    if health.refused is not None and health.refused.code == MISMATCH:
        evidence = f"kernel module {module or 'unknown'}, libraries {', '.join(libraries) or '?'}"
        yield failing(evidence, health.refused.said, remedy)
    elif module and libraries and module not in libraries:
        evidence = f"kernel module {module}, libraries {', '.join(libraries)}"
        cause = "what starts from now on does not find its driver"
        yield failing(evidence, cause, remedy)


def missing(examined: Examined) -> Iterator[Finding]:
    """Planned GPUs that the driver does not show; GPUs that cannot be opened."""
    health = examined.health
    seen = {gpu.uuid for gpu in health.gpus}
    bus = health.system.get("on_the_bus", 0)
    silent = [gpu for gpu in health.gpus if not gpu.uuid]
    for planned in examined.planned:
        if planned.uuid in seen:
            continue
        evidence = f"{planned.name} {planned.uuid}"
        if silent:
            yield failing(evidence, f"{_list(silent)} does not say what it is", POWER_CYCLE)
        elif bus > len(health.gpus):
            cause = f"the bus has {bus} GPUs, and the driver starts {len(health.gpus)} of them"
            yield failing(evidence, cause, f"`dmesg | grep NVRM` says why; {REBOOT}")
        else:
            cause = "it is not in the host: taken out, exchanged, or off the bus"
            again = "`homeport survey`, plan and render if it was exchanged"
            yield failing(evidence, cause, f"{POWER_CYCLE}; {again}")


@dataclass(frozen=True)
class Holder:
    """A container that reserves GPUs."""

    service: str
    container: str
    """Its id; empty when it is not there."""
    reserved: frozenset[str]
    """UUIDs of GPUs or slices; empty where they are reserved by number."""


def unseen(holders: Iterable[Holder], health: Health) -> tuple[list[Finding], list[str]]:
    """What containers have lost that the host has, or cannot use, and which could not be asked."""
    found, unasked = [], []
    on_host = {gpu.uuid for gpu in health.gpus if not gpu.is_lost}
    for holder in holders:
        seen = health.inside.get(holder.container)
        if seen is None:
            unasked.append(f"{holder.service} is not running")
        elif seen.get("asked") is False:
            unasked.append(f"{holder.service} cannot be asked: {seen['refused']}")
        elif "refused" in seen:
            evidence = f"{holder.service}: {seen['way']} says within it: {seen['refused']}"
            found.append(failing(evidence, CUT_OFF, RECREATE))
        elif lost := sorted(_expected(holder, on_host) - set(seen["uuids"])):
            evidence = f"{holder.service} does not see {', '.join(lost)}"
            found.append(failing(evidence, CUT_OFF, RECREATE))
        elif not seen["uuids"] and on_host:
            found.append(failing(f"{holder.service} sees no GPU", CUT_OFF, RECREATE))
        else:
            found += _later_cuda(holder, seen, health.driver)
    return found, unasked


def _later_cuda(holder: Holder, seen: Mapping[str, Any], driver: str) -> Iterator[Finding]:
    """What its image was made with, against what the driver library within it is for."""
    wants, has = seen.get("wants", ""), seen.get("cuda", "")
    if _major(wants) > _major(has):
        evidence = f"{holder.service}: its image wants CUDA {wants}, driver {driver} has {has}"
        yield failing(evidence, TOO_OLD, NEWER.format(_major(has)))


def _major(version: str) -> int:
    """Of CUDA; 0 where nobody says one."""
    digits = version.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _expected(holder: Holder, on_host: set[str]) -> set[str]:
    """A GPU that the host does not have either is told by other checks; slices are not listed."""
    return {one for one in holder.reserved if one in on_host or one.startswith("MIG-")}


def _list(gpus: Sequence[Gpu]) -> str:
    return ", ".join(map(str, gpus))
