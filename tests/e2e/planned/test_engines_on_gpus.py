"""From surveyed hardware to engines that hold their planned GPUs, over SSH.

The lab's GPUs are fakes that no CUDA runs on, so that the engines serve from RAM: that is just the
fault which the memory checks are for.
"""

import json
from typing import Any

import pytest

from tests.e2e.planned.gpu_fleet import CARDS, ENGINE, NAME, GpuFleet
from tests.lab.gpus import change_gpu
from tests.lab.host import LabHost

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def results(fleet: GpuFleet) -> list[dict[str, Any]]:
    """What the checks find; of the gateway's the one that goes through every engine."""
    files = " ".join(f"checks/check_{part}.py" for part in ("drift", "hosts", "engines", "memory"))
    gateway = "checks/check_gateway.py::check_every_replica_takes_part"
    options = f"--environment={NAME} --results=found.jsonl -q"
    fleet.checkout.run(f".venv/bin/pytest {files} {gateway} {options}", expect=1)
    lines = (fleet.checkout.path / "found.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _held(host: LabHost, service: str) -> tuple[list[str], list[str]]:
    """UUIDs that CDI gave the container, and the device nodes in it."""
    find = f"docker ps --quiet --filter label=com.docker.compose.service={service}"
    inside = f"docker exec $({find}) sh -c"
    environment = host.run(f"{inside} \"tr '\\0' '\\n' </proc/1/environ\"")
    gpus = [line.partition("=")[2] for line in environment.splitlines() if "LAB_GPU_" in line]
    nodes = host.run(f"{inside} 'ls /dev | grep nvidia'").split()
    return gpus, nodes


def test_every_surveyed_gpu_has_its_engine(fleet: GpuFleet) -> None:
    planned = [
        (host, uuid)
        for host in ("gpu1", "gpu2")
        for gpus in fleet.planned(host).values()
        for uuid in gpus
    ]
    assert sorted(planned) == sorted((host, uuid) for (host, _), uuid in CARDS.items())


@pytest.mark.parametrize("host", ["gpu1", "gpu2"])
def test_each_container_holds_exactly_its_planned_gpu(fleet: GpuFleet, host: str) -> None:
    numbers = {uuid: number for (name, number), uuid in CARDS.items() if name == host}
    for service, (uuid,) in fleet.planned(host).items():
        gpus, nodes = _held(fleet.lab.host(host), service)
        assert gpus == [uuid]
        assert nodes == [f"nvidia{numbers[uuid]}", "nvidiactl"]


def test_the_compose_of_the_hosts_accepts_the_rendered_file(fleet: GpuFleet) -> None:
    for host in ("gpu1", "gpu2"):
        file = "/srv/homeport/current/gpu_hosts/compose.yaml"
        fleet.lab.host(host).run(f"docker compose --file {file} config --quiet")


def test_engines_are_told_to_lay_every_layer_on_their_gpu(fleet: GpuFleet) -> None:
    for service in fleet.services("gpu1").values():
        command = service["command"]
        assert service["image"] == ENGINE
        # Four layers and the output.
        assert command[command.index("--gpu-layers") + 1] == "5"
        assert command[command.index("--split-mode") + 1] == "none"


def test_engines_that_fell_back_to_ram_are_found_and_nothing_else_is(
    results: list[dict[str, Any]],
) -> None:
    assert len(results) > 50
    failed = [one for one in results if one["result"] != "passed"]
    assert {one["check"] for one in failed} == {
        "each engine takes what was planned",
        "layers are where the plan put them",
    }
    found = [one for one in failed if one["check"].startswith("layers")]
    assert len(found) == len(CARDS)
    assert all("serves from RAM: it found no GPU" in one["message"] for one in found)


def _gpu_checks(fleet: GpuFleet, *, expect: int) -> dict[str, dict[str, Any]]:
    """Check and host -> what became of it."""
    options = f"--environment={NAME} --results=gpus.jsonl -q"
    fleet.checkout.run("rm -f gpus.jsonl")
    fleet.checkout.run(f".venv/bin/pytest checks/check_gpus.py {options}", expect=expect)
    lines = (fleet.checkout.path / "gpus.jsonl").read_text().splitlines()
    return {f"{line['check']} {line['subject']}": line for line in map(json.loads, lines)}


def test_gpus_are_well_on_bare_hosts_and_within_their_containers(fleet: GpuFleet) -> None:
    found = _gpu_checks(fleet, expect=0)
    assert {line["subject"] for line in found.values()} == {"gpu1", "gpu2"}
    for host in ("gpu1", "gpu2"):
        assert "python3 has no ctypes" in found[f"the nvidia driver answers {host}"]["message"]
        assert found[f"each container sees its gpus {host}"]["result"] == "passed"
        assert found[f"no gpu is too hot {host}"]["result"] == "passed"


def test_a_gpu_that_falls_ill_is_found_on_its_own_host_alone(fleet: GpuFleet) -> None:
    change_gpu(fleet.lab.host("gpu2"), 1, {"temperature": "99", "temperature.margin": "-9"})
    try:
        found = _gpu_checks(fleet, expect=1)
    finally:
        change_gpu(fleet.lab.host("gpu2"), 1, {"temperature": "34", "temperature.margin": "50"})
    assert [key for key, line in found.items() if line["result"] == "failed"] == [
        "no gpu is too hot gpu2"
    ]


def test_a_fall_back_to_ram_teaches_the_next_plan_nothing(fleet: GpuFleet) -> None:
    told = fleet.homeport(f"calibrate {NAME}", expect=1)
    assert "it serves from RAM what is planned onto GPUs" in told
    assert not (fleet.checkout.path / "inventories" / "calibration" / f"{NAME}.yaml").exists()
