"""The hardware file: what may be left out, and everything that is refused, all at once."""

import re
from pathlib import Path

import pytest
import yaml

from deploys.plan.known_gpu import known_gpu
from deploys.settings.hardware import Hardware
from deploys.settings.hardware_yaml import hardware_of
from deploys.settings.refusal import Refused

FILE = "inventories/hardware/small.yaml"
GPU = {"uuid": "GPU-a", "name": "NVIDIA L4", "memory_mib": 23034}
SLICE = {"uuid": "MIG-a", "profile": "1g.10gb", "memory_mib": 9856}


def hardware(*gpus: object, **words: object) -> Hardware:
    host = {"cpu": {"physical_cores": 8}, "memory_mib": 64000, "gpus": list(gpus), **words}
    return hardware_of(yaml.safe_dump({"hosts": {"gpu1": host}}), FILE)


def complaints(text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        hardware_of(text, FILE)
    return [f"{one.path}: {one.found}; {one.hint}" for one in refused.value.complaints]


def complaints_about(*gpus: object, **words: object) -> list[str]:
    host = {"cpu": {"physical_cores": 8}, "memory_mib": 64000, "gpus": list(gpus), **words}
    return complaints(yaml.safe_dump({"hosts": {"gpu1": host}}))


def test_a_gpu_by_hand_needs_its_uuid_name_and_memory_alone() -> None:
    (gpu,) = hardware(GPU).hosts["gpu1"].gpus
    assert (gpu.name, gpu.memory_mib, gpu.visible_mib, gpu.mig) == ("NVIDIA L4", 23034, None, ())


def test_the_host_by_hand_in_the_readme_is_one() -> None:
    readme = (Path(__file__).parents[2] / "inventories" / "README.md").read_text()
    (text,) = re.findall(r"`(hosts: .*)`", readme)
    (gpu,) = hardware_of(text, FILE).hosts["gpu1"].gpus
    assert known_gpu(gpu).compute_capability == "8.9"


@pytest.mark.parametrize(
    ("words", "path", "hint"),
    [
        ({"memory_mib": 0}, "memory_mib", "greater than 0"),
        ({"memory_mib": -4}, "memory_mib", "greater than 0"),
        ({"visible_mib": 0}, "visible_mib", "greater than 0"),
        ({"visible_mib": 23035}, "visible_mib", "at most the GPU's memory_mib, 23034"),
        ({"used_mib": 30000}, "used_mib", "at most the GPU's memory_mib, 23034"),
        ({"process_mib": 30000}, "process_mib", "at most the GPU's memory_mib, 23034"),
        ({"compute_capability": "9"}, "compute_capability", r"\d+\.\d"),
        ({"sm_count": 0}, "sm_count", "greater than 0"),
        ({"numa_node": -1}, "numa_node", "greater than or equal to 0"),
        ({"uuid": "0"}, "uuid", "GPU-"),
        ({"uuid": "GPU-$HOME"}, "uuid", "GPU-"),
        ({"name": ""}, "name", "at least 1 character"),
        ({"pcie": "01:00"}, "pcie", "[0-9a-f]"),
        ({"mig": [SLICE | {"memory_mib": 30000}]}, "mig", "not 30000"),
        ({"nvlink_peers": ["GPU-a"]}, "", "peers of the same host"),
        ({"switch_peers": ["GPU-x"]}, "", "peers of the same host, not GPU-x"),
    ],
)
def test_what_no_gpu_can_be_is_refused_with_what_fits(
    words: dict[str, object], path: str, hint: str
) -> None:
    (found,) = complaints_about(GPU | words)
    assert f"hosts.gpu1.gpus{path and '.0.' + path}: found" in found
    assert hint in found


def test_a_uuid_stands_at_one_host_alone() -> None:
    host = {"cpu": {"physical_cores": 8}, "memory_mib": 64000, "gpus": [GPU]}
    assert complaints(yaml.safe_dump({"hosts": {"gpu1": host, "gpu2": host}})) == [
        "hosts.gpu2.gpus.0.uuid: GPU-a already stands at hosts.gpu1.gpus.0.uuid; "
        "each GPU and slice stands once"
    ]


def test_a_slice_stands_once_as_well() -> None:
    (found,) = complaints_about(GPU | {"mig": [SLICE, SLICE]})
    assert "MIG-a already stands at hosts.gpu1.gpus.0.mig.0.uuid" in found


def test_every_mistake_of_the_file_is_told_at_once() -> None:
    found = complaints_about(
        GPU | {"memory_mib": 0, "names": "L4"}, GPU, cpu={"physical_cores": 0}, memory_mib=-1
    )
    assert [line.split(":")[0].removeprefix("hosts.gpu1.") for line in found] == [
        "cpu.physical_cores",
        "memory_mib",
        "gpus.0.memory_mib",
        "gpus.0.names",
        "gpus.1.uuid",
    ]


@pytest.mark.parametrize("text", ["hosts: [", "hosts: 3", "3", "hosts: {gpu1: [1]}"])
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    assert complaints(text)
