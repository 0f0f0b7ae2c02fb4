"""CPU, RAM and disk of a Linux host, from /proc and /sys alone."""

from __future__ import annotations

import glob
import os
import re

# What a reboot or a new kernel moves by is not worth a change of the file; rounded down, which is
# the safe side.
RAM_STEP_MIB = 64
DISK_STEP_MIB = 1024
LONGEST_NAME = 96
# Vendor 10de; class 0300 is a display controller, 0302 a 3D controller.
NVIDIA = "0x10de"
GPU_CLASSES = ("0x0300", "0x0302")
# An NVSwitch is a bridge of class 0680.
SWITCH_CLASSES = ("0x0680",)


def read(path: str) -> str:
    """The file's text without surrounding blanks; empty when it cannot be read."""
    try:
        with open(path, encoding="ascii", errors="ignore") as file:
            return file.read().strip()
    except OSError:
        return ""


def cpu(root: str = "") -> dict[str, object]:
    """`physical_cores`, `sockets`, `name`; `numa_nodes` where there are several."""
    cores = _cores(root)
    sockets = {read(path) for path in _topology(root, "physical_package_id")}
    name = re.search(r"^model name\s*:\s*(.+)$", read(f"{root}/proc/cpuinfo"), re.MULTILINE)
    found: dict[str, object] = {
        # A virtual machine may hide its topology.
        "physical_cores": len(set(cores.values())) or os.cpu_count() or 1,
        "sockets": len(sockets - {""}) or 1,
        "name": " ".join(name.group(1).split())[:LONGEST_NAME] if name else "",
    }
    nodes = _numa_nodes(root, cores)
    if len(nodes) > 1:
        found["numa_nodes"] = nodes
    return found


def memory_mib(root: str = "") -> int:
    """What the kernel has of RAM."""
    return _total_mib(read(f"{root}/proc/meminfo"))


def disk_free_mib(directory: str) -> int:
    """Free for an ordinary user where `directory` is, or will be made."""
    place = directory
    while not os.path.exists(place):
        place = os.path.dirname(place)
    disk = os.statvfs(place)
    return (disk.f_bavail * disk.f_frsize >> 20) // DISK_STEP_MIB * DISK_STEP_MIB


def nvidia_devices(root: str = "", classes: tuple[str, ...] = GPU_CLASSES) -> int:
    """NVIDIA GPUs on the PCI bus, with or without a driver; of other classes, other devices."""
    return sum(
        read(f"{device}/vendor") == NVIDIA and read(f"{device}/class").startswith(classes)
        for device in glob.glob(f"{root}/sys/bus/pci/devices/*")
    )


def driver_versions(root: str = "") -> tuple[str, list[str]]:
    """Of the kernel module that runs, and of the libraries on disk; empty where there are none."""
    files = glob.glob(f"{root}/usr/lib/*-linux-gnu/**/libnvidia-ml.so.*.*", recursive=True)
    found = sorted({file.partition("libnvidia-ml.so.")[2] for file in files})
    return read(f"{root}/sys/module/nvidia/version"), found


def runs(program: str, root: str = "") -> bool:
    """Whether a process of that name does; the kernel keeps 15 characters of it."""
    return any(read(path) == program[:15] for path in glob.glob(f"{root}/proc/[0-9]*/comm"))


def numa_node_of(address: str, root: str = "") -> int | None:
    """The NUMA node of a PCI device; None where the board does not say, or has one node alone."""
    node = read(f"{root}/sys/bus/pci/devices/{address}/numa_node")
    return int(node) if node.isdigit() else None


def _topology(root: str, file: str) -> list[str]:
    return glob.glob(f"{root}/sys/devices/system/cpu/cpu[0-9]*/topology/{file}")


def _cores(root: str) -> dict[int, str]:
    """Number of each hardware thread -> the list of threads that share its core."""
    # Linux 5.4 renamed thread_siblings_list; the old name is kept.
    paths = _topology(root, "core_cpus_list") or _topology(root, "thread_siblings_list")
    return {int(path.split("/topology/")[0].rpartition("cpu")[2]): read(path) for path in paths}


def _numa_nodes(root: str, cores: dict[int, str]) -> list[dict[str, object]]:
    """The nodes that have cores: one with memory alone is an accelerator's or an expander's."""
    nodes: dict[int, dict[str, object]] = {}
    for folder in glob.glob(f"{root}/sys/devices/system/node/node[0-9]*"):
        threads = read(f"{folder}/cpulist")
        own = {cores[number] for number in _numbers(threads) if number in cores}
        if own:
            memory = _total_mib(read(f"{folder}/meminfo"))
            node = int(folder.rpartition("node")[2])
            facts = {"node": node, "physical_cores": len(own), "memory_mib": memory}
            nodes[node] = {**facts, "cpus": threads}
    return [nodes[node] for node in sorted(nodes)]


def _numbers(text: str) -> list[int]:
    """`0-3,8` -> 0, 1, 2, 3, 8."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def _total_mib(text: str) -> int:
    total = re.search(r"MemTotal:\s*(\d+) kB", text)
    return (int(total.group(1)) >> 10) // RAM_STEP_MIB * RAM_STEP_MIB if total else 0
