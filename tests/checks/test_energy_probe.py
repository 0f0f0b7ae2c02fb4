"""GPUs' energy, read on a host by the program that is sent there: a fake driver, and a real one."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.probes import energy
from checks.probes.energy import MODULES, Reading, Recorded, readings, recording, wait_for
from checks.probes.program import program
from deploys.settings.inventory import InventoryHost
from tests.checks.bare_python import python_without_ctypes
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid

HERE = InventoryHost("gpu1", "@local", (), {})
LIMIT_SECONDS = 20
# What a pipe holds on Linux (pipe(7)) before whoever writes has to wait.
PIPE_BYTES = 65536
LINE = "@@energy@@ {'at': 1.0, 'gpus': []}"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "APART_SECONDS", 0.05)
    monkeypatch.setattr(energy, "END_SECONDS", LIMIT_SECONDS)


def _read(count: int = 3) -> Mapping[str, list[Reading]]:
    """What is read within so many looks."""
    with recording([HERE], LIMIT_SECONDS) as recorded:
        _wait(recorded["gpu1"], count)
        return readings(recorded["gpu1"])


def _wait(one: Recorded, count: int) -> None:
    until = time.monotonic() + LIMIT_SECONDS
    while len(one.lines) < count and not one.refused and time.monotonic() < until:
        time.sleep(0.01)


def _python(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Has a shell's words run in place of the host's Python."""
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_energy_power_and_time_taken_come_line_by_line(driver: FakeDriver) -> None:
    counter = {"power.energy_mj": "1000|2000|4000", "utilization.gpu": "70"}
    driver.has(Gpu("h100", counter), Gpu("l4"))
    begin = time.monotonic()
    found = _read()
    first = found[gpu_uuid("gpu1", 0)]
    assert [one.energy_mj for one in first[:3]] == [1000, 2000, 4000]
    assert {(one.power_mw, one.busy_percent) for one in first} == {(70_000, 70)}
    assert set(found) == {gpu_uuid("gpu1", 0), gpu_uuid("gpu1", 1)}
    instants = [one.at for one in first]
    assert instants == sorted(instants)
    assert begin <= instants[0]
    assert instants[-1] <= time.monotonic()


def test_nothing_goes_on_when_nobody_listens_any_more(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("h100"))
    ended = tmp_path / "ended"
    _python(tmp_path, monkeypatch, f'{sys.executable} "$@"\necho $? >{ended}')
    _read(1)
    assert ended.read_text() == "0\n"


def test_a_board_without_a_counter_says_so(driver: FakeDriver) -> None:
    driver.has(Gpu("t4", {"power.energy_mj": "!3"}))
    with recording([HERE], LIMIT_SECONDS) as recorded:
        _wait(recorded["gpu1"], 1)
        (found,) = readings(recorded["gpu1"]).values()
        assert recorded["gpu1"].lacking == {gpu_uuid("gpu1", 0): "Not Supported"}
    assert (found[0].energy_mj, found[0].power_mw) == (None, 10_000)


def test_a_gpu_that_cannot_be_opened_costs_no_other_its_energy(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"handle": "!15"}), Gpu("h100"))
    assert set(_read(1)) == {gpu_uuid("gpu1", 1)}


def test_a_host_whose_every_gpu_is_lost_says_so(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"handle": "!15"}))
    with recording([HERE], LIMIT_SECONDS) as recorded:
        assert recorded["gpu1"].refused == "GPU is lost"


def test_a_python_without_ctypes_asks_nvidia_smi_for_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    smi = tmp_path / "nvidia-smi"
    smi.write_text('#!/bin/sh\necho "GPU-a, 71.50, 12"; echo "GPU-b, [N/A], [N/A]"\n')
    smi.chmod(0o755)
    found = _read(1)
    assert (found["GPU-a"][0].power_mw, found["GPU-a"][0].busy_percent) == (71_500, 12)
    assert (found["GPU-b"][0].power_mw, found["GPU-b"][0].energy_mj) == (None, None)


def test_a_driver_that_does_not_start_is_told(driver: FakeDriver) -> None:
    driver.has(Gpu("h100")).change("system", {"init": "!9"})
    with recording([HERE], LIMIT_SECONDS) as recorded:
        assert recorded["gpu1"].refused == "Driver Not Loaded"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'no such thing' >&2; exit 127", "no such thing"),
        ("echo '@@energy@@ {cut'", "makes no sense"),
        ("exit 3", "exit status 3"),
    ],
)
def test_a_host_that_answers_nothing_of_use_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    _python(tmp_path, monkeypatch, text)
    with recording([HERE], LIMIT_SECONDS) as recorded:
        assert words in recorded["gpu1"].refused
        assert readings(recorded["gpu1"]) == {}


def test_a_driver_that_hangs_is_given_up(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("h100")).change("system", {"delay_ms": "5000"})
    monkeypatch.setattr(energy, "FIRST_LINE_SECONDS", 0.3)
    monkeypatch.setattr(energy, "END_SECONDS", 0.3)
    with recording([HERE], LIMIT_SECONDS) as recorded:
        assert recorded["gpu1"].refused == "no answer within 0.3 s"


@pytest.mark.usefixtures("any_driver")
def test_a_counter_never_goes_back_and_power_is_told() -> None:
    found = _read(5)
    assert found
    for rows in found.values():
        counts = [one.energy_mj for one in rows if one.energy_mj is not None]
        assert counts == sorted(counts)
        assert all((one.power_mw or 0) > 0 for one in rows)


def test_a_host_that_is_lost_after_its_first_looks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _python(tmp_path, monkeypatch, f'echo "{LINE}"; echo "broken pipe" >&2; exit 255')
    with recording([HERE], LIMIT_SECONDS) as recorded:
        _wait(recorded["gpu1"], 2)
        assert len(recorded["gpu1"].lines) == 1
        assert recorded["gpu1"].refused == "broken pipe"


def test_a_host_that_was_asked_to_stop_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _python(tmp_path, monkeypatch, f'echo "{LINE}"; cat >/dev/null')
    with recording([HERE], LIMIT_SECONDS) as recorded:
        _wait(recorded["gpu1"], 1)
    assert recorded["gpu1"].refused == ""


def test_a_host_that_stops_meanwhile_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Recorded(clock_ahead=0.0, lines=[(1.0, {})])

    def stops(_: float) -> None:
        assert not one.refused, "waited for after it had stopped"
        one.refused = "broken pipe"

    monkeypatch.setattr(time, "sleep", stops)
    wait_for({"gpu1": one}, 2.0)
    assert one.refused


def test_the_program_fits_into_a_pipe_so_that_no_host_holds_the_others_up() -> None:
    assert len(program(MODULES)) < PIPE_BYTES
