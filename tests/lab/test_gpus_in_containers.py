"""Docker itself carries out GPU reservations by CDI: each container has its device and no other."""

from collections.abc import Iterator

import pytest

from tests.lab.daemon import CDI, configure_daemon
from tests.lab.gpus import change_gpu, gpu_uuid
from tests.lab.host import File, LabHost
from tests.lab.images import image
from tests.lab.lab import Lab
from tests.lab.reservations import LOOK, reserving_files

pytestmark = [pytest.mark.docker, pytest.mark.root]

FOLDER = "/srv/reservations"
WANTED = {
    "zero": ("nvidia.com/gpu=0",),
    "one": ("nvidia.com/gpu=1",),
    "named": (f"nvidia.com/gpu={gpu_uuid('gpu1', 1)}",),
    "both": ("nvidia.com/gpu=0", "nvidia.com/gpu=1"),
    "none": (),
}


@pytest.fixture(scope="module")
def host(docker_lab: Lab) -> Iterator[LabHost]:
    """gpu1, with one service for each reservation in WANTED."""
    gpu1 = docker_lab.host("gpu1")
    configure_daemon(gpu1, CDI)
    gpu1.load_image(image("python"))
    files = reserving_files(FOLDER, image("python"), WANTED)
    gpu1.put({f"{FOLDER}/{name}": File(content) for name, content in files.items()})
    gpu1.run(f"cd {FOLDER} && docker compose up --detach --wait")
    yield gpu1
    gpu1.run(f"cd {FOLDER} && docker compose down --timeout 1 && rm -r {FOLDER}")


def test_a_reservation_brings_that_device_and_no_other(host: LabHost) -> None:
    assert _environment(host, "one") == {"HOMEPORT_LAB_GPU_1": gpu_uuid("gpu1", 1)}
    assert _inside(host, "one", "ls /var/lib/homeport-lab/nvml/gpus") == "1"
    assert _inside(host, "one", "ls /dev").count("nvidia") == 2
    assert _inside(host, "one", "ls /dev/nvidia1 /dev/nvidiactl")


def test_each_replica_gets_its_own_device(host: LabHost) -> None:
    assert _environment(host, "zero") == {"HOMEPORT_LAB_GPU_0": gpu_uuid("gpu1", 0)}
    assert _pynvml(host, "zero") == [f"NVIDIA H100 80GB HBM3 {gpu_uuid('gpu1', 0)} 34"]
    assert _pynvml(host, "one") == [f"NVIDIA L4 {gpu_uuid('gpu1', 1)} 34"]


def test_a_device_can_be_reserved_by_its_uuid(host: LabHost) -> None:
    assert _environment(host, "named") == {"HOMEPORT_LAB_GPU_1": gpu_uuid("gpu1", 1)}


def test_two_devices_come_together(host: LabHost) -> None:
    assert len(_environment(host, "both")) == 2
    assert [line.split(" GPU-")[0] for line in _pynvml(host, "both")] == [
        "NVIDIA H100 80GB HBM3", "NVIDIA L4",
    ]  # fmt: skip


def test_without_a_reservation_there_is_no_gpu(host: LabHost) -> None:
    assert _environment(host, "none") == {}
    assert _inside(host, "none", "ls /dev /usr/lib/*/libnvidia-ml.so.1 2>&1").count("nvidia") == 1
    assert "NVMLError_LibraryNotFound" in _inside(host, "none", f"{LOOK} 2>&1")


def test_a_device_that_is_not_there_is_refused_by_docker(host: LabHost) -> None:
    said = host.run(
        f"docker run --rm --device nvidia.com/gpu=7 {image('python')} true 2>&1", check=False
    )
    assert "unresolvable CDI devices nvidia.com/gpu=7" in said


def test_a_gpu_that_changes_is_seen_inside_a_running_container(host: LabHost) -> None:
    change_gpu(host, 1, {"temperature": "91"})
    try:
        assert _pynvml(host, "one")[0].endswith(" 91")
        change_gpu(host, 1, {"lost": "1"})
        assert "NVMLError_GpuIsLost" in _inside(host, "one", f"{LOOK} 2>&1")
        assert _pynvml(host, "zero")[0].endswith(" 34")
    finally:
        change_gpu(host, 1, {"temperature": "34", "lost": None})


def test_containers_reach_the_labs_hosts_by_name(host: LabHost, docker_lab: Lab) -> None:
    found = _inside(host, "none", "getent hosts gpu2.lab gate1.lab").split()
    assert {docker_lab.host("gpu2").address, docker_lab.host("gate1").address} < set(found)


def _inside(host: LabHost, service: str, command: str) -> str:
    words = f'cd {FOLDER} && docker compose exec --no-TTY {service} sh -c "$(cat)"'
    return host.run(words, check=False, given=command.encode())


def _environment(host: LabHost, service: str) -> dict[str, str]:
    """What CDI gave the container's own process; `docker exec` starts others without it."""
    found = _inside(host, service, "tr '\\0' '\\n' </proc/1/environ | grep ^HOMEPORT_LAB_GPU")
    return dict(line.split("=", 1) for line in found.splitlines())


def _pynvml(host: LabHost, service: str) -> list[str]:
    return _inside(host, service, LOOK).splitlines()
