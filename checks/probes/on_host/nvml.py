"""GPUs as NVIDIA's own nvidia-ml-py reads them; its one file is sent along."""

from __future__ import annotations

from typing import Any, Callable

import pynvml

from checks.probes.on_host import cuda, linux
from checks.probes.on_host.containers import own_mib, stable_mib
from checks.probes.on_host.smi import bus_address

Device = Any
"""NVML's handle: a ctypes pointer."""

# What a board or a driver lacks; anything else is a failure of the GPU (nvml.h, nvmlReturn_t).
LACKING = (3, 13, 25, 26)
LOST = (15, 16)
MIG_ON = 1
NVLINK = 2
SAME_NODE = 0
# 64 nodes for each number of the mask that NVML fills.
NODE_WORDS = 1


class Refusal(Exception):
    """NVML does not start; `code` is nvmlReturn_t."""

    def __init__(self, error: pynvml.NVMLError) -> None:
        self.code = int(error.value)
        super().__init__(str(error))


class Asked:
    """One GPU while it is read: what it lacks is left out and told in `remarks`."""

    def __init__(self, device: Device, name: str, remarks: list[str]) -> None:
        self.device = device
        self.name = name
        self.remarks = remarks

    def get(
        self, what: str, call: Callable[..., Any], *arguments: object, said: bool = True
    ) -> Any:  # noqa: ANN401  any of NVML's types
        """The call's answer; None where it is lacking. A lost GPU is raised."""
        try:
            return call(self.device, *arguments)
        except pynvml.NVMLError as error:
            if error.value in LOST:
                raise
            if said or error.value not in LACKING:
                self.remarks.append(f"{self.name}: {what}: {error}")
            return None


def read_gpus(remarks: list[str], measure_context: bool) -> dict[str, object]:
    """`driver`, `cuda` and `gpus`; adds to `remarks` what could not be read. Raises Refusal."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise Refusal(error) from None
    try:
        devices = _devices(remarks)
        gpus = [gpu for one in devices if (gpu := _gpu(one, devices))]
        if gpus:
            cuda.add_facts(gpus, remarks, _used_bytes if measure_context else None)
        version = pynvml.nvmlSystemGetCudaDriverVersion()
        return {
            "driver": pynvml.nvmlSystemGetDriverVersion(),
            "cuda": f"{version // 1000}.{version % 1000 // 10}",
            "gpus": gpus,
        }
    except pynvml.NVMLError as error:
        raise Refusal(error) from None
    finally:
        pynvml.nvmlShutdown()


def _devices(remarks: list[str]) -> list[Asked]:
    """Every GPU that can be opened, with its UUID for a name."""
    found = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            device = pynvml.nvmlDeviceGetHandleByIndex(index)
            found.append(Asked(device, pynvml.nvmlDeviceGetUUID(device), remarks))
        except pynvml.NVMLError as error:
            remarks.append(f"GPU {index} is left out: {error}; a power cycle may bring it back")
    return found


def _gpu(asked: Asked, devices: list[Asked]) -> dict[str, object] | None:
    """One GPU; None when it is left out, which `remarks` tells."""
    try:
        gpu = _facts(asked, devices)
        slices = _slices(asked)
    except pynvml.NVMLError as error:
        asked.remarks.append(f"{asked.name} is left out: {error}; a power cycle may bring it back")
        return None
    if slices is None:
        asked.remarks.append(f"{asked.name} is left out: MIG is on and it has no slices")
        return None
    if not gpu["name"] or not gpu["memory_mib"]:
        asked.remarks.append(f"{asked.name} is left out: it has no name or no memory")
        return None
    return {**{key: value for key, value in gpu.items() if value is not None}, "mig": slices}


def _facts(asked: Asked, devices: list[Asked]) -> dict[str, object]:
    total, used = _memory(asked)
    capability = asked.get("compute capability", pynvml.nvmlDeviceGetCudaComputeCapability)
    pci = asked.get("PCI address", pynvml.nvmlDeviceGetPciInfo)
    address = bus_address(pci.busId) if pci else ""
    return {
        "uuid": asked.name,
        "name": asked.get("name", pynvml.nvmlDeviceGetName),
        "memory_mib": total,
        "used_mib": used,
        "compute_capability": "{}.{}".format(*capability) if capability else None,
        "numa_node": _numa_node(asked, address),
        "pcie": address,
        "pcie_generation": asked.get("PCIe generation", pynvml.nvmlDeviceGetMaxPcieLinkGeneration),
        "pcie_width": asked.get("PCIe width", pynvml.nvmlDeviceGetMaxPcieLinkWidth),
        "nvlink_peers": sorted(other.name for other in devices if _linked(asked, other)),
    }


def _memory(asked: Asked) -> tuple[int | None, int]:
    """Total and what others use, in MiB."""
    newer = asked.get("memory", pynvml.nvmlDeviceGetMemoryInfo, pynvml.nvmlMemory_v2, said=False)
    # Before driver 510 what the driver reserves counts as used, which errs on the safe side.
    memory = newer or asked.get("memory", pynvml.nvmlDeviceGetMemoryInfo)
    if memory is None:
        return None, 0
    if newer is None:
        asked.remarks.append(f"{asked.name}: this driver counts its own reserve as used memory")
    listed = asked.get("processes", pynvml.nvmlDeviceGetComputeRunningProcesses) or []
    sizes = [(one.pid, one.usedGpuMemory >> 20) for one in listed if one.usedGpuMemory]
    ours = own_mib(sizes, asked.remarks)
    return memory.total >> 20, stable_mib((memory.used >> 20) - ours)


def _numa_node(asked: Asked, address: str) -> int | None:
    mask = asked.get(
        "NUMA node", pynvml.nvmlDeviceGetMemoryAffinity, NODE_WORDS, SAME_NODE, said=False
    )
    if mask is None or not mask[0]:
        return linux.numa_node_of(address)
    return int(mask[0]).bit_length() - 1


def _linked(asked: Asked, other: Asked) -> bool:
    if other is asked:
        return False
    # Boards without NVLink do not support the question.
    status = asked.get("NVLink", pynvml.nvmlDeviceGetP2PStatus, other.device, NVLINK, said=False)
    return bool(status == pynvml.NVML_P2P_STATUS_OK)


def _slices(asked: Asked) -> list[dict[str, object]] | None:
    """The slices of a GPU in MIG mode, no slice of one that is not; None: MIG without slices."""
    mode = asked.get("MIG", pynvml.nvmlDeviceGetMigMode, said=False)
    if mode is None or mode[0] != MIG_ON:
        return []
    found = []
    for place in range(asked.get("MIG", pynvml.nvmlDeviceGetMaxMigDeviceCount) or 0):
        try:
            handle = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(asked.device, place)
        except pynvml.NVMLError:
            # Between slices there are empty places.
            continue
        found.append(_slice(Asked(handle, f"{asked.name}, slice {place}", asked.remarks)))
    return sorted(found, key=lambda one: str(one["uuid"])) or None


def _slice(asked: Asked) -> dict[str, object]:
    attributes = asked.get("size", pynvml.nvmlDeviceGetAttributes_v2)
    name = pynvml.nvmlDeviceGetName(asked.device)
    found = {
        "uuid": pynvml.nvmlDeviceGetUUID(asked.device),
        "profile": name.rpartition(" MIG ")[2],
        "memory_mib": pynvml.nvmlDeviceGetMemoryInfo(asked.device).total >> 20,
    }
    return {**found, "sm_count": attributes.multiprocessorCount} if attributes else found


def _used_bytes(uuid: str) -> int:
    return int(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByUUID(uuid)).used)
