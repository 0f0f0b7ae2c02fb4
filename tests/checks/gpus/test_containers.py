"""GPUs within containers: seen, cut off, or with nothing there that could ask."""

from pathlib import Path

import pytest

from checks.gpus.driver import Holder, unseen
from checks.gpus.health import Health
from tests.checks.bare_python import python_without_ctypes
from tests.checks.fake_docker import FakeDocker, FakeEngine
from tests.checks.gpus.asking import ask
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices

FIRST, SECOND = gpu_uuid("gpu1", 0), gpu_uuid("gpu1", 1)


def _found(health: Health, *reserved: str) -> tuple[str, str]:
    """Findings and what could not be asked, of the container of chat-1."""
    found, unasked = unseen([Holder("chat-1", "id-chat-1", frozenset(reserved))], health)
    return "\n".join(map(str, found)), "\n".join(unasked)


def _sees(docker: FakeDocker, folder: Path, *gpus: Gpu, lacks: tuple[str, ...] = ()) -> FakeDriver:
    """The container of chat-1 sees these GPUs of gpu1."""
    driver = FakeDriver(folder / "seen").has(*gpus)
    docker.engines["chat-1"] = FakeEngine(gpus=str(driver.folder), lacks=lacks)
    docker.write()
    return driver


def test_a_container_that_sees_what_it_reserves_passes(
    two_cards: FakeDriver, docker: FakeDocker, tmp_path: Path
) -> None:
    _sees(docker, tmp_path, Gpu("h100"))
    health = ask("id-chat-1")
    assert health.inside["id-chat-1"] == {"way": "NVML", "uuids": [FIRST]}
    assert _found(health, FIRST) == ("", "")
    assert _found(health) == ("", "")


def test_a_container_that_reserves_a_slice_sees_it_by_its_own_uuid(
    two_cards: FakeDriver, docker: FakeDocker, tmp_path: Path
) -> None:
    slices = mig_slices(("3g.40gb", 40448, 60))
    _sees(docker, tmp_path, Gpu("h100", slices))
    assert _found(ask("id-chat-1"), slices["mig.0.uuid"]) == ("", "")


def test_a_container_that_lost_a_gpu_is_found_while_the_host_has_it(
    two_cards: FakeDriver, docker: FakeDocker, tmp_path: Path
) -> None:
    _sees(docker, tmp_path, Gpu("h100"))
    health = ask("id-chat-1")
    assert len(health.gpus) == 2
    found, _ = _found(health, FIRST, SECOND)
    assert found.startswith(f"chat-1 does not see {SECOND}: the host sees its GPUs")


def test_a_container_that_was_cut_off_from_its_devices_is_found(
    two_cards: FakeDriver, docker: FakeDocker, tmp_path: Path
) -> None:
    _sees(docker, tmp_path, Gpu("h100")).change("system", {"init": "!999"})
    found, _ = _found(ask("id-chat-1"), FIRST)
    assert "chat-1: NVML says within it: Unknown Error: the host sees its GPUs" in found


def test_without_python_in_the_container_nvidia_smi_is_asked(
    two_cards: FakeDriver,
    docker: FakeDocker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _sees(docker, tmp_path, Gpu("h100"), lacks=("python3",))
    program = docker.folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho 'GPU 0: NVIDIA H100 (UUID: {FIRST})'\n")
    health = ask("id-chat-1")
    assert health.inside["id-chat-1"] == {"way": "nvidia-smi", "uuids": [FIRST]}
    program.write_text("#!/bin/sh\necho 'Failed to initialize NVML: Unknown Error'\nexit 255\n")
    found, _ = _found(ask("id-chat-1"), FIRST)
    assert "nvidia-smi says within it: Failed to initialize NVML: Unknown Error" in found


def test_a_container_with_nothing_to_ask_by_is_said_and_fails_nothing(
    two_cards: FakeDriver, docker: FakeDocker, tmp_path: Path
) -> None:
    _sees(docker, tmp_path, Gpu("h100"), lacks=("python3", "nvidia-smi"))
    assert _found(ask("id-chat-1"), FIRST) == (
        "",
        "chat-1 cannot be asked: it has neither python3 nor nvidia-smi",
    )


def test_a_bare_python_in_the_container_leaves_the_question_to_nvidia_smi(
    two_cards: FakeDriver,
    docker: FakeDocker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _sees(docker, tmp_path, Gpu("h100"))
    bare = tmp_path / "bare"
    bare.mkdir()
    python_without_ctypes(bare, monkeypatch)
    monkeypatch.setenv("PATH", f"{docker.folder}:{bare}:/usr/bin:/bin")
    (docker.folder / "nvidia-smi").write_text(f"#!/bin/sh\necho '(UUID: {FIRST})'\n")
    assert ask("id-chat-1").inside["id-chat-1"] == {"way": "nvidia-smi", "uuids": [FIRST]}


def test_a_container_that_is_not_there_is_said(two_cards: FakeDriver) -> None:
    found, unasked = unseen([Holder("chat-1", "", frozenset())], ask())
    assert (found, unasked) == ([], ["chat-1 is not running"])


@pytest.mark.usefixtures("two_cards")
@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (("13.0.1", "12090"), "chat-1: its image wants CUDA 13.0.1, driver 580.95.05 has 12.9"),
        (("12.9.1", "12020"), ""),
        (("12.9.1", "13000"), ""),
        (("", "12020"), ""),
    ],
)
def test_an_image_that_was_made_with_a_later_cuda_than_its_driver_has_is_found(
    docker: FakeDocker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    versions: tuple[str, str],
    words: str,
) -> None:
    """Within one major version a driver runs what later toolkits have built."""
    wants, has = versions
    monkeypatch.setenv("CUDA_VERSION", wants)
    _sees(docker, tmp_path, Gpu("h100")).change("system", {"cuda": has})
    found, unasked = _found(ask("id-chat-1"), FIRST)
    assert found.startswith(words)
    assert bool(found) == bool(words)
    assert unasked == ""
