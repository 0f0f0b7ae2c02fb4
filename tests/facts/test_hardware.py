"""What the fact about a host's hardware reads, of recorded lines and of a fake driver."""

import os
import subprocess
from pathlib import Path

import pytest

from deploys.facts.hardware import DRIVER_SECONDS, Hardware, LiveGpu, LiveHardware, parse_hardware
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices


def ask(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch, *, gpus: bool = True) -> LiveHardware:
    """The fact's own command, with the fake nvidia-smi for its driver."""
    driver.answers_nvidia_smi(monkeypatch)
    command = Hardware().command(gpus=gpus, environment="small")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return Hardware().process(done.stdout.splitlines())


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    found = FakeDriver(tmp_path)
    found.has_engines(monkeypatch)
    return found


def test_cores_and_ram_are_those_of_this_machine(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = ask(driver, monkeypatch, gpus=False)
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    assert live.memory_mib == kib >> 10
    assert live.physical_cores >= 1
    assert live.gpus == ()


def test_each_card_has_its_memory_capability_and_mig_mode(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("rtx4090"), Gpu("h100", mig_slices(("3g.40gb", 40448, 60))))
    live = ask(driver, monkeypatch)
    assert live.gpus == (
        LiveGpu(gpu_uuid("gpu1", 0), 24564, mig=False, compute_capability="8.9", others_mib=0),
        LiveGpu(gpu_uuid("gpu1", 1), 81559, mig=True, compute_capability="9.0", others_mib=0),
    )
    assert len(live.slices) == 1
    assert (live.has_driver, live.failure) == (True, "")


# No container: an identifier that no control group has.
FOREIGN = f"echo {'f' * 64}"
# Long gone: the kernel gives no process such a number (PID_MAX_LIMIT is 2^22).
GONE = 2**22 + 1


def others(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch, words: str
) -> tuple[int | None, tuple[str, ...]]:
    """This very process holds 9000 of 12000 MiB in use, and one that is gone 800."""
    held = {"processes.compute": f"{os.getpid()}:9000,{GONE}:800", "memory.used_mib": "12000"}
    driver.has(Gpu("l4", held))
    driver.has_engines(monkeypatch, words)
    (card,) = ask(driver, monkeypatch).gpus
    return card.others_mib, card.others


def test_beside_engines_of_the_environment_processes_of_others_count_by_name(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = Path("/proc/self/comm").read_text().strip()
    assert others(driver, monkeypatch, FOREIGN) == (9000, (f"{name} (PID {os.getpid()})",))


def test_what_engines_of_the_environment_hold_is_not_in_the_hands_of_others(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Path("/proc/self/cgroup").read_text().splitlines()[0]
    assert others(driver, monkeypatch, f"printf '%s\\n%s\\n' {'f' * 64} {group}") == (0, ())


def test_where_no_engine_of_the_environment_runs_all_that_is_in_use_is_others(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert others(driver, monkeypatch, "exit 0")[0] == 12_000


def test_where_docker_does_not_say_whose_processes_are_which_none_is_accused(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert others(driver, monkeypatch, "exit 1") == (None, ())


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("system", {"init": "!18"}, "Driver/library version mismatch"),
        ("system", {"init": "!9"}, "couldn't communicate with the NVIDIA driver"),
        ("gpus/0/state", {"lost": "1"}, "GPU is lost"),
    ],
)
def test_a_driver_that_fails_says_why(
    driver: FakeDriver,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    change: dict[str, str],
    said: str,
) -> None:
    driver.has(Gpu("h100")).change(file, change)
    live = ask(driver, monkeypatch)
    assert said in live.failure
    assert live.gpus == ()


def test_a_driver_that_hangs_is_told_with_its_limit() -> None:
    assert parse_hardware(["failed=124 "]).failure == f"no answer within {DRIVER_SECONDS} s"


def test_an_older_nvidia_smi_is_asked_without_the_capability(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    known = "--query-gpu=uuid,memory.total,memory.used,mig.mode.current"
    program.write_text(
        f"""#!/bin/sh
case $1 in
{known}) echo 'GPU-a, 16160, 0, [N/A]' ;;
-L) ;;
*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2 ;;
esac
"""
    )
    program.chmod(0o755)
    command = f"PATH={tmp_path}:$PATH; {Hardware().command(gpus=True, environment='small')}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    live = parse_hardware(done.stdout.splitlines())
    (card,) = live.gpus
    assert (card.memory_mib, card.mig, card.compute_capability) == (16160, False, None)


def test_without_nvidia_smi_there_is_no_driver() -> None:
    live = parse_hardware(["threads=4", "memory_kib=2048", "devices=2", "driver=none"])
    assert live == LiveHardware(4, 2, devices=2, has_driver=False)
