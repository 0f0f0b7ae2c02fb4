"""CPU, RAM, NUMA and the PCI bus, from trees of files as two kinds of host have them."""

from pathlib import Path

import pytest

from checks.probes.on_host import linux


def write(root: Path, files: dict[str, str]) -> str:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    return str(root)


def two_sockets(root: Path) -> str:
    """Two sockets of two cores with two threads each; the second socket's memory is near it."""
    files = {"proc/cpuinfo": "processor : 0\nmodel name\t: AMD EPYC  9354 32-Core Processor"}
    for thread in range(8):
        core = thread % 4
        topology = f"sys/devices/system/cpu/cpu{thread}/topology"
        files[f"{topology}/core_cpus_list"] = f"{core},{core + 4}"
        files[f"{topology}/physical_package_id"] = str(core // 2)
    for node, threads in ((0, "0-1,4-5"), (1, "2-3,6-7")):
        files[f"sys/devices/system/node/node{node}/cpulist"] = threads
        files[f"sys/devices/system/node/node{node}/meminfo"] = f"Node {node} MemTotal: 66000000 kB"
    # An accelerator's memory shows as a node without cores.
    files["sys/devices/system/node/node2/cpulist"] = ""
    files["sys/devices/system/node/node2/meminfo"] = "Node 2 MemTotal: 99000000 kB"
    return write(root, files)


def test_hardware_threads_of_one_core_are_one_core(tmp_path: Path) -> None:
    found = linux.cpu(two_sockets(tmp_path))
    assert found == {
        "physical_cores": 4,
        "sockets": 2,
        "name": "AMD EPYC 9354 32-Core Processor",
        "numa_nodes": [
            {"node": 0, "physical_cores": 2, "memory_mib": 64448, "cpus": "0-1,4-5"},
            {"node": 1, "physical_cores": 2, "memory_mib": 64448, "cpus": "2-3,6-7"},
        ],
    }


def test_kernels_before_5_4_name_the_threads_otherwise(tmp_path: Path) -> None:
    topology = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    root = write(tmp_path, {topology.format(thread): "0-1" for thread in (0, 1)})
    assert linux.cpu(root)["physical_cores"] == 1


def test_a_machine_without_topology_has_the_cores_that_python_counts(tmp_path: Path) -> None:
    found = linux.cpu(str(tmp_path))
    assert int(str(found["physical_cores"])) >= 1
    assert (found["sockets"], "numa_nodes" in found) == (1, False)


@pytest.mark.parametrize("kib", [66_000_000, 66_010_000, 66_050_000])
def test_ram_is_the_same_whatever_a_kernel_keeps_for_itself(tmp_path: Path, kib: int) -> None:
    root = write(tmp_path, {"proc/meminfo": f"MemTotal:       {kib} kB\nMemFree: 1 kB"})
    assert linux.memory_mib(root) == 64448


def test_free_disk_is_asked_where_the_folder_will_be_made(tmp_path: Path) -> None:
    free = linux.disk_free_mib(str(tmp_path / "srv" / "homeport"))
    assert free == linux.disk_free_mib(str(tmp_path))


def test_gpus_are_counted_on_the_bus_without_their_sound_and_their_switches(
    tmp_path: Path,
) -> None:
    devices = "sys/bus/pci/devices/0000:{}:00.{}"
    kinds = [("0x10de", "0x030200"), ("0x10de", "0x030000"), ("0x10de", "0x040300")]
    kinds += [("0x10de", "0x068000"), ("0x1002", "0x030000")]
    files = {}
    for number, (vendor, kind) in enumerate(kinds):
        files[devices.format(18 + number, 0) + "/vendor"] = vendor
        files[devices.format(18 + number, 0) + "/class"] = kind
    assert linux.nvidia_devices(write(tmp_path, files)) == 2


@pytest.mark.parametrize(("text", "node"), [("1", 1), ("-1", None)])
def test_a_board_that_does_not_say_the_node_has_none(
    tmp_path: Path, text: str, node: int | None
) -> None:
    root = write(tmp_path, {"sys/bus/pci/devices/0000:18:00.0/numa_node": text})
    assert linux.numa_node_of("0000:18:00.0", root) == node
    assert linux.numa_node_of("0000:19:00.0", root) is None
