"""Drivers that do not answer, answer less, or show less than was planned."""

from dataclasses import replace
from pathlib import Path

import pytest

from checks.gpus import driver as rules
from checks.gpus.findings import Examined, Severity
from checks.gpus.health import Health, Refused
from checks.probes import gpus
from checks.probes.on_host import linux
from tests.checks.bare_python import python_without_ctypes
from tests.checks.gpus.asking import ask, examined, planned
from tests.checks.gpus.rules import all_found
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid

# What each branch of the driver brought, by NVIDIA's own notes and the symbols of its libraries.
SINCE_570 = ("nvmlDeviceGetMarginTemperature", "nvmlDeviceGetRepairStatus")
SINCE_550 = (*SINCE_570, "nvmlDeviceGetGpuFabricInfoV", "nvmlDeviceGetSramEccErrorStatus")
SINCE_535 = (*SINCE_550, "nvmlDeviceGetCurrentClocksEventReasons")
SINCE_510 = (
    *SINCE_535,
    *("nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetGraphicsRunningProcesses_v3"),
    *("nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetRemappedRows"),
    *("nvmlDeviceGetRowRemapperHistogram", "nvmlDeviceGetMigMode", "nvmlDeviceGetP2PStatus"),
)


SICK = {
    **{"temperature": "95", "temperature.margin": "-6", "throttle_reasons": "0x80"},
    **{"field.230": "1", "ecc.uncorrected.volatile": "2", "persistence": "0"},
    **{"power.limit_mw": "600000", "compute_mode": "2", "mig.pending": "1"},
    **{"pcie.width": "4", "processes.compute": "1:500"},
}


def _words(health: Health) -> str:
    return "\n".join(map(str, rules.answers(health.refused)))


def test_a_driver_that_does_not_start_is_told_with_its_reason(two_cards: FakeDriver) -> None:
    two_cards.change("system", {"init": "!9"})
    found = ask()
    assert "Driver Not Loaded: its kernel module is not loaded" in _words(found)
    assert found.gpus == ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4, "this user may not talk to the driver"),
        (999, "fails without saying why"),
        (8, "it does not start"),
        (None, "it does not start"),
    ],
)
def test_every_other_reason_has_its_words(code: int | None, words: str) -> None:
    (found,) = rules.answers(Refused(code, "said"))
    assert str(found) == f"said: {found.cause}"
    assert words in found.cause


def test_libraries_that_are_not_there_are_told(
    two_cards: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    assert "its libraries are not there" in _words(ask())


def test_a_driver_of_another_version_than_its_libraries_is_that_and_nothing_else(
    two_cards: FakeDriver,
) -> None:
    two_cards.change("system", {"init": "!18"})
    found = ask()
    assert _words(found) == ""
    assert "version mismatch" in str(*rules.versions(examined(found)))


def test_a_module_that_is_left_from_before_an_upgrade_is_told() -> None:
    system = {"module": "575.57.08", "libraries": ["580.95.05"]}
    (found,) = rules.versions(Examined("gpu1", Health("NVML", None, system=system), ()))
    assert str(found).startswith("kernel module 575.57.08, libraries 580.95.05")
    system["module"] = "580.95.05"
    assert list(rules.versions(Examined("gpu1", Health("NVML", None, system=system), ()))) == []


def test_a_driver_that_hangs_costs_its_own_time_and_the_rest_is_told(
    two_cards: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_cards.change("system", {"delay_ms": "60000"})
    monkeypatch.setattr(gpus, "DRIVER_SECONDS", 1)
    found = ask()
    assert "no answer within 1 s: it hangs" in _words(found)
    assert found.log
    assert found.system["on_the_bus"] == linux.nvidia_devices()


@pytest.mark.parametrize("lacking", [SINCE_550, SINCE_510])
def test_an_old_driver_is_judged_by_what_it_knows(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch, lacking: tuple[str, ...]
) -> None:
    sick = {"temperature": "91", "throttle_reasons": "0x40", "ecc.uncorrected.volatile": "1"}
    driver.has(Gpu("h100"), Gpu("h100", sick)).answers_nvml(monkeypatch, lacking=lacking)
    health = ask()
    assert health.refused is None
    found = all_found(examined(health, 0, 1))
    assert found[0] == []
    assert [(rule, severity) for rule, severity, _ in found[1]] == [
        ("errors", "fail"),
        ("throttled", "fail"),
        ("hot", "fail"),
    ]


def test_without_ctypes_nvidia_smi_tells_what_it_can(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    driver.has(Gpu("h100"), Gpu("h100", SICK), Gpu("t4", {"retired.pending": "1"}))
    driver.answers_nvidia_smi(monkeypatch)
    health = ask()
    found = all_found(examined(health, 0, 1, 2))
    assert "python3 has no ctypes" in health.remarks[0]
    assert found[0] == []
    assert [(rule, severity.value) for rule, severity, _ in found[1]] == [
        ("recovery", "fail"),
        ("errors", "fail"),
        ("throttled", "fail"),
        ("hot", "fail"),
        ("power", "warn"),
        ("pcie", "fail"),
        ("persistence", "warn"),
        ("compute", "fail"),
        ("mig", "warn"),
        ("foreign", "warn"),
    ]
    assert [rule for rule, _, _ in found[2]] == ["pages"]


def test_a_word_of_nvidia_smi_that_nobody_knows_fails(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    driver.has(Gpu("h100", {"compute_mode": "9"})).answers_nvidia_smi(monkeypatch)
    ((rule, severity, words),) = all_found(examined(ask(), 0))[0]
    assert (rule, severity) == ("compute", Severity.FAIL)
    assert "nvidia-smi says `Unheard_Of`" in words


def test_a_host_without_python_is_told_what_to_install(
    two_cards: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sh", "timeout"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = rules.answers(ask().refused)
    assert "apt-get install python3-minimal" in found.remedy


def test_a_planned_card_that_is_not_there_is_told(two_cards: FakeDriver) -> None:
    # Whatever the bus of this machine has.
    health = replace(ask(), system={"on_the_bus": 2})
    (found,) = rules.missing(examined(health, 0, 1, 2))
    assert gpu_uuid("gpu1", 2) in str(found)
    assert "it is not in the host" in str(found)


def test_a_planned_card_that_the_bus_has_and_the_driver_has_not_is_told() -> None:
    health = Health("NVML", None, system={"on_the_bus": 1})
    (found,) = rules.missing(Examined("gpu1", health, planned([0])))
    assert "the bus has 1 GPUs, and the driver starts 0 of them" in str(found)


def test_a_planned_card_that_cannot_be_opened_is_told(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"handle": "!999"}), Gpu("l4"))
    (found,) = rules.missing(examined(ask(), 0, 1))
    assert "GPU 0 does not say what it is" in str(found)


def test_a_sick_card_that_the_plan_does_not_use_fails_nothing(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"remapped.failed": "1"}), Gpu("l4"))
    ((_, severity, words),) = all_found(examined(ask(), 1))[0]
    assert severity is Severity.WARN
    assert "which the plan does not use" in words
