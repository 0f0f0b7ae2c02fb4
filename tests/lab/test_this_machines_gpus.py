"""What tests/lab/test_gpus_in_containers.py shows on fakes, on GPUs that this machine has."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from checks.probes.on_host.linux import nvidia_devices
from tests.lab.images import image
from tests.lab.machine import docker, run
from tests.lab.reservations import LOOK, reserving_files

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.gpu]


@pytest.fixture(scope="module")
def uuids() -> list[str]:
    """Every GPU of this machine that a container can be given."""
    if not nvidia_devices():
        pytest.skip("this machine has no NVIDIA GPU")
    known = run("nvidia-ctk", "cdi", "list", check=False).stdout
    listed = run("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader").stdout.split()
    found = [uuid for uuid in listed if f"nvidia.com/gpu={uuid}" in known]
    assert found, f"no CDI device for {listed}: {known or 'nvidia-ctk cdi generate'}"
    return found


@pytest.fixture(scope="module")
def folder(uuids: list[str]) -> Iterator[Path]:
    """The Compose project of a container for each GPU, for all and for none of them; they run."""
    devices = [f"nvidia.com/gpu={uuid}" for uuid in uuids]
    wanted = {f"gpu{number}": (device,) for number, device in enumerate(devices)}
    with TemporaryDirectory(prefix="homeport-") as name:
        folder = Path(name)
        # The containers are an ordinary user's.
        folder.chmod(0o755)
        files = reserving_files(
            name, image("python"), {**wanted, "all": tuple(devices), "none": ()}
        )
        for file, content in files.items():
            (folder / file).write_bytes(content)
        docker("compose", "--project-directory", name, "up", "--detach", "--wait")
        yield folder
        docker("compose", "--project-directory", name, "down", "--timeout", "1")


def _look(folder: Path, service: str) -> subprocess.CompletedProcess[str]:
    words = ("--project-directory", str(folder), "exec", "--no-TTY", service, "sh", "-c", LOOK)
    return run("docker", "compose", *words, check=False)


def test_each_container_has_the_gpu_that_it_reserved_and_no_other(
    folder: Path, uuids: list[str]
) -> None:
    for number, uuid in enumerate(uuids):
        lines = _look(folder, f"gpu{number}").stdout.splitlines()
        assert len(lines) == 1
        assert uuid in lines[0]


def test_without_a_reservation_there_is_none(folder: Path) -> None:
    assert "NVMLError_LibraryNotFound" in _look(folder, "none").stderr


def test_all_devices_come_together(folder: Path, uuids: list[str]) -> None:
    assert {line.split()[-2] for line in _look(folder, "all").stdout.splitlines()} == set(uuids)


def test_a_device_that_is_not_there_is_refused_by_docker(uuids: list[str]) -> None:
    device = f"nvidia.com/gpu={max(uuids)}-other"
    done = run("docker", "run", "--rm", "--device", device, image("python"), "true", check=False)
    assert done.returncode != 0
    assert f"unresolvable CDI devices {device}" in done.stderr
