"""Every GPU of the host by NVML: readings, samples, processes, slices, peers."""

from __future__ import annotations

import time

from checks.probes.on_host import containers, nvml
from checks.probes.on_host.nvml import Device
from checks.probes.on_host.readings import is_lacking, readings, refusal, sample, value
from checks.probes.on_host.smi import bus_address

NVLINK = 2
# nvmlMemory_v2 of nvml.h: the version and the size of the structure that is asked for.
MEMORY_V2 = 0x02000028
LISTS = ("Compute", "Graphics", "MPSCompute")


def gpus(samples: int, apart: float) -> dict[str, object]:
    """`way`, versions and `gpus`; raises nvml.Refusal."""
    with nvml.session():
        handles = [_handle(index) for index in range(nvml.call("nvmlDeviceGetCount"))]
        devices = {index: one for index, one in enumerate(handles) if not isinstance(one, dict)}
        taken: dict[int, list[object]] = {index: [] for index in devices}
        for number in range(samples):
            time.sleep(apart if number else 0)
            for index, device in devices.items():
                taken[index].append(sample(device))
        ours = containers.kit_containers()
        version = nvml.call("nvmlSystemGetCudaDriverVersion")
        return {
            "way": "NVML",
            "driver": nvml.call("nvmlSystemGetDriverVersion"),
            "cuda": f"{version // 1000}.{version % 1000 // 10}",
            "remarks": [] if ours is not None else [containers.NOT_TOLD],
            "gpus": [
                {"index": index, "uuid": one}
                if isinstance(one, dict)
                else _gpu(index, devices, ours or [], taken[index])
                for index, one in enumerate(handles)
            ],
        }


def _handle(index: int) -> Device:
    """The GPU, or why it cannot be opened."""
    try:
        return nvml.call("nvmlDeviceGetHandleByIndex", index)
    except nvml.Error as error:
        return refusal(error)


def _gpu(
    index: int, devices: dict[int, Device], ours: list[str], taken: list[object]
) -> dict[str, object]:
    """Name of a reading -> its value."""
    device = devices[index]
    pci = value(device, "nvmlDeviceGetPciInfo")
    return {
        "index": index,
        "uuid": value(device, "nvmlDeviceGetUUID"),
        "pcie": bus_address(pci["busId"]) if "busId" in pci else "",
        **readings(device),
        "memory": _memory(device),
        "processes": _processes(device, ours),
        "slices": _slices(device),
        "nvlink_peers": {
            other: value(device, "nvmlDeviceGetP2PStatus", devices[other], NVLINK)
            for other in devices
            if other != index
        },
        "samples": taken,
    }


def _memory(device: Device) -> object:
    newer = value(device, "nvmlDeviceGetMemoryInfo", MEMORY_V2)
    return value(device, "nvmlDeviceGetMemoryInfo") if is_lacking(newer) else newer


def _processes(device: Device, ours: list[str]) -> object:
    """Each process once, with what it holds."""
    found: dict[int, dict[str, object]] = {}
    for kind in LISTS:
        listed = _listed(device, kind)
        if not isinstance(listed, list):
            if kind == LISTS[0]:
                return listed
            continue
        for pid, held in listed:
            found[pid] = containers.described(pid, held, ours)
    return list(found.values())


def _listed(device: Device, kind: str) -> object:
    try:
        listed = nvml.call(f"nvmlDeviceGet{kind}RunningProcesses", device)
    except nvml.Error as error:
        return refusal(error)
    return [(one.pid, one.usedGpuMemory) for one in listed]


def _slices(device: Device) -> object:
    try:
        return [value(one, "nvmlDeviceGetUUID") for _, one in nvml.slices(device)]
    except nvml.Error as error:
        return refusal(error)
