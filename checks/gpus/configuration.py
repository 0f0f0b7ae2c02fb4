"""How somebody has set a GPU up: persistence, compute mode, MIG; and who else uses it."""

from collections.abc import Iterable, Iterator
from typing import Any

from checks.gpus.findings import Examined, Finding, Planned, failing, warning
from checks.gpus.health import Gpu
from deploys.render.release import PlannedReplica

MIB = 2**20
DEFAULT_MODE, EXCLUSIVE = 0, (1, 3)
MODES = {1: "exclusive to one thread", 2: "prohibited", 3: "exclusive to one process"}


def persistence(gpu: Gpu) -> Iterator[Finding]:
    """Off: the driver lets go of a GPU that nobody uses, and takes seconds to wake it up."""
    mode = gpu.get("persistence")
    remedy = "`systemctl enable --now nvidia-persistenced`, without its --no-persistence-mode"
    if mode == 0:
        cause = "engines start slower, and counters begin anew when none runs"
        yield warning("persistence mode is off", cause, remedy)
    elif mode != 1:
        yield failing(f"persistence mode {mode}", "a state that is not known here", remedy)


def compute_mode(gpu: Gpu) -> Iterator[Finding]:
    """Who may use it: any number of processes, one, or none."""
    mode = gpu.get("compute_mode")
    evidence = f"compute mode {mode} ({MODES.get(mode, 'not known here')})"
    remedy = "`nvidia-smi -c 0`"
    if mode in EXCLUSIVE:
        cause = "a stand-in or a second replica on it does not start"
        yield warning(evidence, cause, remedy)
    elif mode != DEFAULT_MODE:
        yield failing(evidence, "no engine can start on it", remedy)


def mig(examined: Examined, gpu: Gpu) -> Iterator[Finding]:
    """Slices that were planned are there, and a GPU that was planned as a whole is whole."""
    current, pending = gpu.get("mig_mode")
    planned = next((one for one in examined.planned if one.uuid == gpu.uuid), None)
    again = "`homeport survey`, plan and render, or `nvidia-smi mig` as it was planned"
    if current != pending:
        state = "on" if pending else "off"
        yield warning(f"MIG will be {state}", "a change waits for a reset", again)
    if planned is None:
        return
    if current and not planned.slices:
        yield failing("MIG is on", "it is planned as a whole GPU", again)
    elif planned.slices and not current:
        yield failing("MIG is off", f"{len(planned.slices)} slices are planned", again)
    elif missing := _missing(planned, gpu):
        yield failing(f"no slice {', '.join(missing)}", "slices were made anew", again)


def _missing(planned: Planned, gpu: Gpu) -> list[str]:
    there = gpu.get("slices") if planned.slices else ()
    return [one for one in planned.slices if one not in there]


def foreign_memory(replicas: Iterable[PlannedReplica], gpu: Gpu) -> Iterator[Finding]:
    """Memory of processes that are none of the kit's containers'."""
    others = [one for one in gpu.get("processes") if not one["ours"]]
    if not others:
        return
    held_mib = sum(one["held_bytes"] or 0 for one in others) // MIB
    total_mib = gpu.get("memory")["total"] // MIB
    planned_mib = planned_of(gpu.uuid, replicas)
    evidence = f"{held_mib} MiB are held by {', '.join(map(_process, others))}"
    remedy = "end it, or `homeport survey` again, plan and render: the plan then leaves room"
    if planned_mib and planned_mib + held_mib > total_mib:
        cause = f"with the {planned_mib:.0f} MiB that are planned, {total_mib} are not enough"
        yield failing(evidence, f"{cause}; an engine that restarts finds no room", remedy)
    else:
        yield warning(evidence, "it takes time and memory from the engines", remedy)


def planned_of(uuid: str, replicas: Iterable[PlannedReplica]) -> float:
    """MiB that the plan gives to replicas on a GPU, at most."""
    return sum(
        sum(device.upper_mib.values())
        for replica in replicas
        for device in replica.devices
        if device.gpu == uuid
    )


def _process(process: dict[str, Any]) -> str:
    return f"{process['name']} (PID {process['pid']})"
