"""What engines really take, by their own account and the driver's, against the plan."""

import pytest

from checks.committed import Replica
from checks.memory_comparison import differences
from checks.probes.engine_logs.reported import CPU, Reported
from checks.verdict import none_of, require
from deploys.render.release import PlannedReplica

NO_START = (
    "its log holds no start in words that are known here: Docker has rotated it away (`docker "
    "restart` writes it anew), or this version has other words"
)
# LocalAI would at `debug`, and log what clients write as well.
SILENT = "localai tells nothing of its backend's memory"


def check_each_engine_takes_what_was_planned(
    replica: Replica, planned: PlannedReplica, engine_start: Reported
) -> None:
    """Part by part: a difference means that the next plan would be wrong as well."""
    if not engine_start.is_complete:
        pytest.skip(f"{replica.name}: {_why(planned, engine_start)}")
    found = differences(planned, engine_start)
    remedy = "\n  ".join(dict.fromkeys(difference.remedy for difference in found))
    version = f"{planned.engine} {engine_start.version or planned.version}"
    none_of(found, f"{replica.name} ({version}) differs from its plan", remedy)


def check_layers_are_where_the_plan_put_them(
    replica: Replica, planned: PlannedReplica, engine_start: Reported
) -> None:
    """An engine that finds no GPU serves from RAM without an error, thirty times slower."""
    if not engine_start.is_complete:
        pytest.skip(f"{replica.name}: {_why(planned, engine_start)}")
    on_gpus = [device.device for device in planned.devices if device.device != CPU]
    missing = [device for device in on_gpus if device not in engine_start.devices]
    words = "it found no GPU that it can use" if engine_start.has_no_gpu else "it says nothing of"
    require(
        not missing,
        f"{replica.name} is planned onto {', '.join(on_gpus)}, and serves from RAM: {words}"
        f"{'' if engine_start.has_no_gpu else ' ' + ', '.join(missing)}",
        "an image built for CUDA (`images` in the inventory), a driver that serves it "
        "(`nvidia-smi` on the host), and `docker exec` of the container shows /dev/nvidia*",
    )
    offloaded, wanted = engine_start.offloaded_layers, planned.gpu_layers
    if offloaded is not None and on_gpus:
        wanted = min(wanted, engine_start.offloadable_layers or wanted)
        require(
            offloaded == wanted,
            f"{replica.name}: {offloaded} layers are on GPUs, {wanted} are planned",
            "homeport apply starts it with the committed arguments",
        )


def _why(planned: PlannedReplica, start: Reported) -> str:
    if planned.engine == "localai":
        is_on_gpus = any(device.device != CPU for device in planned.devices)
        driver = "the driver does not say what its processes hold of a GPU"
        return f"{SILENT}, and {driver if is_on_gpus else 'no driver counts RAM for it'}"
    if start.version:
        told = f"its log holds the start of {planned.engine} {start.version}"
        return f"{told}, and nothing of its memory in words that are known here"
    return NO_START
