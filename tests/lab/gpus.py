"""The GPUs of a lab's hosts: what each is and how it is doing, as the fake NVML's state files.

The keys are the ones that `nvml/*.c` asks for; a key that a board lacks is left out, and the call
then says NOT_SUPPORTED as it does on that board.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.lab.host import File, LabHost, text_file

FOLDER = "/var/lib/homeport-lab/nvml"
DRIVER = {"driver": "580.95.05", "cuda": "13000", "nvml": "13.580.95.05"}
LAB_UUIDS = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")

_IDLE = {
    "temperature": "34", "temperature.threshold.0": "92", "temperature.threshold.1": "89",
    "utilization.gpu": "0", "utilization.memory": "0", "performance_state": "0",
    "processes.compute": "", "processes.graphics": "", "processes.mps": "",
    "throttle_reasons": "0x1", "persistence": "1", "compute_mode": "0", "display_active": "0",
    "pcie.replays": "0", "inforom": "0", "field.230": "0", "numa_node": "0",
    "power.energy_mj": "0", "memory_affinity": "1",
}  # fmt: skip
_ECC = {
    "ecc.current": "1", "ecc.pending": "1", "sram.threshold_exceeded": "0",
    "ecc.corrected.volatile": "0", "ecc.corrected.aggregate": "0",
    "ecc.uncorrected.volatile": "0", "ecc.uncorrected.aggregate": "0",
    "remapped.corrected": "0", "remapped.uncorrected": "0",
    "remapped.pending": "0", "remapped.failed": "0",
}  # fmt: skip

# Model -> what differs. Memory as nvidia-smi shows it; device identifiers from pci.ids.
PROFILES: dict[str, dict[str, str]] = {
    "h100": _IDLE | _ECC | {
        "name": "NVIDIA H100 80GB HBM3", "compute_capability": "9.0", "architecture": "9",
        "cuda.visible_mib": "81079", "cuda.sm_count": "132", "cuda.context_mib": "510",
        "pci.device_id": "0x233010de", "memory.total_mib": "81559", "memory.reserved_mib": "551",
        "power.limit_mw": "700000", "power.default_limit_mw": "700000", "power.usage_mw": "70000",
        "pcie.width": "16", "pcie.max_width": "16", "pcie.generation": "5",
        "pcie.max_generation": "5", "mig.current": "0", "mig.pending": "0", "field.82": "40",
        "temperature.margin": "53", "remapped.banks": "2560 0 0 0 0", "repair.channel_pending": "0",
        "repair.tpc_pending": "0", "fabric.state": "3", "fabric.summary": "1",
        **{f"nvlink.{link}": "1" for link in range(18)},
    },
    "l4": _IDLE | _ECC | {
        "name": "NVIDIA L4", "compute_capability": "8.9", "architecture": "8",
        "cuda.visible_mib": "22491", "cuda.sm_count": "58", "cuda.context_mib": "250",
        "pci.device_id": "0x27b810de", "memory.total_mib": "23034", "memory.reserved_mib": "456",
        "power.limit_mw": "72000", "power.default_limit_mw": "72000", "power.usage_mw": "16000",
        "pcie.width": "16", "pcie.max_width": "16", "pcie.generation": "4",
        "pcie.max_generation": "4", "temperature.margin": "50",
    },
    # GeForce: no ECC, and rows that are never remapped rather than unsupported.
    "rtx4090": _IDLE | {
        "name": "NVIDIA GeForce RTX 4090", "compute_capability": "8.9", "architecture": "8",
        "cuda.visible_mib": "24080", "cuda.sm_count": "128", "cuda.context_mib": "456",
        "pci.device_id": "0x268410de", "memory.total_mib": "24564", "memory.reserved_mib": "390",
        "power.limit_mw": "450000", "power.default_limit_mw": "450000", "power.usage_mw": "20000",
        "pcie.width": "16", "pcie.max_width": "16", "pcie.generation": "4",
        "pcie.max_generation": "4", "fan_percent": "30", "remapped.corrected": "0",
        "remapped.uncorrected": "0", "remapped.pending": "0", "remapped.failed": "0",
    },
    # Turing retires pages instead of remapping rows.
    "t4": _IDLE | {
        "name": "Tesla T4", "compute_capability": "7.5", "architecture": "6",
        "cuda.visible_mib": "14909", "cuda.sm_count": "40", "cuda.context_mib": "160",
        "pci.device_id": "0x1eb810de", "memory.total_mib": "15360", "memory.reserved_mib": "447",
        "power.limit_mw": "70000", "power.default_limit_mw": "70000", "power.usage_mw": "10000",
        "pcie.width": "16", "pcie.max_width": "16", "pcie.generation": "3",
        "pcie.max_generation": "3", "ecc.current": "1", "ecc.pending": "1", "retired.0": "0",
        "retired.1": "0", "retired.pending": "0", "ecc.corrected.volatile": "0",
        "ecc.uncorrected.volatile": "0",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Gpu:
    """A GPU that a host is wanted with: a known model, and what is different about this one."""

    profile: str = "h100"
    changes: Mapping[str, str] = field(default_factory=dict)


def gpu_uuid(host: str, number: int) -> str:
    """The same for the same place in the same host, every time."""
    return f"GPU-{uuid.uuid5(LAB_UUIDS, f'{host}/{number}')}"


def state_files(host: str, gpus: Sequence[Gpu], folder: str = FOLDER) -> dict[str, File]:
    """The fake NVML's files of a host: path -> file."""
    files = {f"{folder}/system": text_file(_lines(DRIVER))}
    for number, gpu in enumerate(gpus):
        values = {
            **PROFILES[gpu.profile],
            "uuid": gpu_uuid(host, number),
            "serial": f"16521230{number:05}",
            # One GPU for each PCIe switch, as in most servers.
            "pci.bus_id": f"00000000:{0x18 + 0x11 * number:02X}:00.0",
            "memory.used_mib": "0",
            **{f"topology.{other}": "40" for other in range(len(gpus)) if other != number},
            **({f"p2p.nvlink.{other}": "0" for other in _fabric(gpus, number)}),
            **gpu.changes,
        }
        files[f"{folder}/gpus/{number}/state"] = text_file(_lines(values))
    return files


def _fabric(gpus: Sequence[Gpu], number: int) -> list[int]:
    """The other GPUs of the same NVSwitch fabric."""
    in_it = [place for place, gpu in enumerate(gpus) if "fabric.state" in PROFILES[gpu.profile]]
    return [place for place in in_it if number in in_it and place != number]


def mig_slices(*profiles: tuple[str, int, int]) -> dict[str, str]:
    """A GPU's changes that cut it into slices of (profile, MiB, SMs), each with a UUID."""
    changes = {"mig.current": "1", "mig.pending": "1"}
    for place, (profile, memory_mib, processors) in enumerate(profiles):
        changes |= {
            f"mig.{place}.uuid": f"MIG-{uuid.uuid5(LAB_UUIDS, f'{profile}/{place}')}",
            f"mig.{place}.name": f"NVIDIA H100 80GB HBM3 MIG {profile}",
            f"mig.{place}.memory.total_mib": str(memory_mib),
            f"mig.{place}.memory.used_mib": "0",
            f"mig.{place}.sm_count": str(processors),
        }
    return changes


def change_gpu(host: LabHost, number: int, changes: Mapping[str, str | None]) -> None:
    """Changes a GPU's condition, seen at the next call; None takes a key away."""
    _change(host, f"{FOLDER}/gpus/{number}/state", changes)


def change_driver(host: LabHost, changes: Mapping[str, str | None]) -> None:
    """Changes the driver: `driver`, `cuda`, `init` (`!9`), `delay_ms`, `process.PID`."""
    _change(host, f"{FOLDER}/system", changes)


def changed(text: str, changes: Mapping[str, str | None]) -> str:
    """Lines `key=value` with some of them changed."""
    values: dict[str, str | None] = {}
    for line in text.splitlines():
        key, values[key] = line.split("=", 1)
    return _lines(
        {key: value for key, value in (values | dict(changes)).items() if value is not None}
    )


def _change(host: LabHost, path: str, changes: Mapping[str, str | None]) -> None:
    text = changed(host.run(f"cat {path}"), changes)
    # Renamed into place: a program that reads it sees the old state or the new one.
    host.run(f"cat >{path}.new && mv {path}.new {path}", given=text.encode())


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
