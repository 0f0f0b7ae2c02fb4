"""Each GPU as a survey wants it: facts that stay, from NVML and CUDA."""

from __future__ import annotations

from checks.probes.on_host import cuda, linux, nvml
from checks.probes.on_host.containers import own_mib, stable_mib
from checks.probes.on_host.nvml import Asked
from checks.probes.on_host.smi import bus_address

MIG_ON = 1
NVLINK = 2
P2P_OK = 0
# NVML_TOPOLOGY_MULTIPLE of nvml.h: several switches; from there on the CPU's bridge is in between.
SWITCHES = 20
SAME_NODE = 0
# 64 nodes for each number of the mask that NVML fills.
NODE_WORDS = 1
# nvmlMemory_v2 of nvml.h: the version and the size of the structure that is asked for.
MEMORY_V2 = 0x02000028


def read_gpus(remarks: list[str], measure_context: bool) -> dict[str, object]:
    """`driver`, `cuda` and `gpus`; adds to `remarks` what is lacking. Raises nvml.Refusal."""
    with nvml.session():
        devices = _devices(remarks)
        gpus = [gpu for one in devices if (gpu := _gpu(one, devices))]
        if gpus:
            cuda.add_facts(gpus, remarks, _used_bytes if measure_context else None)
        version = nvml.call("nvmlSystemGetCudaDriverVersion")
        return {
            "driver": nvml.call("nvmlSystemGetDriverVersion"),
            "cuda": f"{version // 1000}.{version % 1000 // 10}",
            "gpus": gpus,
        }


def _devices(remarks: list[str]) -> list[Asked]:
    """Every GPU that can be opened, with its UUID for a name."""
    found = []
    for index in range(nvml.call("nvmlDeviceGetCount")):
        try:
            device = nvml.call("nvmlDeviceGetHandleByIndex", index)
            found.append(Asked(device, nvml.call("nvmlDeviceGetUUID", device), remarks))
        except nvml.Error as error:
            remarks.append(f"GPU {index} is left out: {error}; a power cycle may bring it back")
    return found


def _gpu(asked: Asked, devices: list[Asked]) -> dict[str, object] | None:
    """One GPU; None when it is left out, which `remarks` tells."""
    try:
        gpu = _facts(asked, devices)
        slices = _slices(asked)
    except nvml.Error as error:
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
    capability = asked.get("compute capability", "nvmlDeviceGetCudaComputeCapability")
    pci = asked.get("PCI address", "nvmlDeviceGetPciInfo")
    address = bus_address(pci.busId) if pci else ""
    return {
        "uuid": asked.name,
        "name": asked.get("name", "nvmlDeviceGetName"),
        "memory_mib": total,
        "used_mib": used,
        "compute_capability": "{}.{}".format(*capability) if capability else None,
        "numa_node": _numa_node(asked, address),
        "pcie": address,
        "pcie_generation": asked.get("PCIe generation", "nvmlDeviceGetMaxPcieLinkGeneration"),
        "pcie_width": asked.get("PCIe width", "nvmlDeviceGetMaxPcieLinkWidth"),
        "nvlink_peers": sorted(other.name for other in devices if _linked(asked, other)),
        "switch_peers": sorted(other.name for other in devices if _switched(asked, other)),
    }


def _memory(asked: Asked) -> tuple[int | None, int]:
    """Total and what others use, in MiB."""
    newer = asked.get("memory", "nvmlDeviceGetMemoryInfo", MEMORY_V2, said=False)
    # Before driver 510 what the driver reserves counts as used, which errs on the safe side.
    memory = newer or asked.get("memory", "nvmlDeviceGetMemoryInfo")
    if memory is None:
        return None, 0
    if newer is None:
        asked.remarks.append(f"{asked.name}: this driver counts its own reserve as used memory")
    listed = asked.get("processes", "nvmlDeviceGetComputeRunningProcesses") or []
    sizes = [(one.pid, one.usedGpuMemory >> 20) for one in listed if one.usedGpuMemory]
    ours = own_mib(sizes, asked.remarks)
    return memory.total >> 20, stable_mib((memory.used >> 20) - ours)


def _numa_node(asked: Asked, address: str) -> int | None:
    mask = asked.get("NUMA node", "nvmlDeviceGetMemoryAffinity", NODE_WORDS, SAME_NODE, said=False)
    if mask is None or not mask[0]:
        return linux.numa_node_of(address)
    return int(mask[0]).bit_length() - 1


def _linked(asked: Asked, other: Asked) -> bool:
    if other is asked:
        return False
    # Boards without NVLink do not support the question.
    status = asked.get("NVLink", "nvmlDeviceGetP2PStatus", other.device, NVLINK, said=False)
    return bool(status == P2P_OK)


def _switched(asked: Asked, other: Asked) -> bool:
    if other is asked:
        return False
    # Virtual machines do not tell.
    function = "nvmlDeviceGetTopologyCommonAncestor"
    level = asked.get("PCIe topology", function, other.device, said=False)
    return level is not None and level <= SWITCHES


def _slices(asked: Asked) -> list[dict[str, object]] | None:
    """The slices of a GPU in MIG mode, no slice of one that is not; None: MIG without slices."""
    mode = asked.get("MIG", "nvmlDeviceGetMigMode", said=False)
    if mode is None or mode[0] != MIG_ON:
        return []
    found = [
        _slice(Asked(handle, f"{asked.name}, slice {place}", asked.remarks))
        for place, handle in nvml.slices(asked.device)
    ]
    return sorted(found, key=lambda one: str(one["uuid"])) or None


def _slice(asked: Asked) -> dict[str, object]:
    attributes = asked.get("size", "nvmlDeviceGetAttributes_v2")
    name = nvml.call("nvmlDeviceGetName", asked.device)
    found = {
        "uuid": nvml.call("nvmlDeviceGetUUID", asked.device),
        "profile": name.rpartition(" MIG ")[2],
        "memory_mib": nvml.call("nvmlDeviceGetMemoryInfo", asked.device).total >> 20,
    }
    return {**found, "sm_count": attributes.multiprocessorCount} if attributes else found


def _used_bytes(uuid: str) -> int:
    return int(
        nvml.call("nvmlDeviceGetMemoryInfo", nvml.call("nvmlDeviceGetHandleByUUID", uuid)).used
    )
