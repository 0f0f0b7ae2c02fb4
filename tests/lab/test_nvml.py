"""The real nvidia-ml-py on the fake library: what it sees is what the state files say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import PROFILES, Gpu, gpu_uuid, mig_slices

pytestmark = pytest.mark.usefixtures("fake_libraries")


@pytest.fixture
def driver(tmp_path: Path) -> FakeDriver:
    return FakeDriver(tmp_path)


def on_first(call: str, *arguments: str) -> str:
    """An expression: a call on GPU 0, with NVML's code in place of an answer when it refuses."""
    return f"ask({', '.join((call, 'first()', *arguments))})"


def answers(driver: FakeDriver, calls: Sequence[str]) -> list[Any]:
    found: list[Any] = driver.ask(f"[{', '.join(on_first(call) for call in calls)}]")
    return found


def test_every_gpu_has_its_name_uuid_memory_and_capability(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("rtx4090"))
    found = driver.ask(
        "[[nvmlDeviceGetName(h), nvmlDeviceGetUUID(h), nvmlDeviceGetMemoryInfo(h).total >> 20, "
        "nvmlDeviceGetCudaComputeCapability(h), nvmlDeviceGetMinorNumber(h)] for h in "
        "map(nvmlDeviceGetHandleByIndex, range(nvmlDeviceGetCount()))]"
    )
    assert found == [
        ["NVIDIA H100 80GB HBM3", gpu_uuid("gpu1", 0), 81559, [9, 0], 0],
        ["NVIDIA GeForce RTX 4090", gpu_uuid("gpu1", 1), 24564, [8, 9], 1],
    ]


def test_the_driver_and_its_cuda_have_versions(driver: FakeDriver) -> None:
    driver.has(Gpu())
    versions = "[nvmlSystemGetDriverVersion(), nvmlSystemGetCudaDriverVersion()]"
    assert driver.ask(versions) == ["580.95.05", 13000]


def test_a_gpu_is_found_by_uuid_and_by_bus_and_knows_its_index(driver: FakeDriver) -> None:
    driver.has(Gpu(), Gpu())
    by_uuid = f"nvmlDeviceGetHandleByUUID({gpu_uuid('gpu1', 1)!r})"
    assert driver.ask(f"nvmlDeviceGetIndex({by_uuid})") == 1
    assert driver.ask(f"nvmlDeviceGetPciInfo({by_uuid}).busId") == "00000000:29:00.0"
    assert driver.ask("nvmlDeviceGetIndex(nvmlDeviceGetHandleByPciBusId('00000000:29:00.0'))") == 1


def test_a_card_knows_its_numa_node_and_which_cards_it_reaches_by_nvlink(
    driver: FakeDriver,
) -> None:
    driver.has(Gpu("h100", {"memory_affinity": "2"}), Gpu("h100"), Gpu("l4"))
    assert driver.ask("list(nvmlDeviceGetMemoryAffinity(first(), 1, 0))") == [2]
    to_each = (
        "[ask(nvmlDeviceGetP2PStatus, first(), nvmlDeviceGetHandleByIndex(i), 2) for i in (1, 2)]"
    )
    assert driver.ask(to_each) == [0, {"code": 3}]


def test_a_slice_answers_for_itself_and_empty_places_are_not_found(driver: FakeDriver) -> None:
    slices = mig_slices(("1g.10gb", 9856, 16))
    driver.has(Gpu(changes=slices))
    slice_of = "nvmlDeviceGetMigDeviceHandleByIndex(first(), 0)"
    assert driver.ask(f"nvmlDeviceGetUUID({slice_of})") == slices["mig.0.uuid"]
    assert driver.ask(f"nvmlDeviceGetAttributes_v2({slice_of}).multiprocessorCount") == 16
    assert driver.ask(f"nvmlDeviceGetMemoryInfo({slice_of}).total >> 20") == 9856
    assert driver.ask(on_first("nvmlDeviceGetMigDeviceHandleByIndex", "1")) == {"code": 6}


def test_reserved_memory_is_used_in_the_first_version_and_not_in_the_second(
    driver: FakeDriver,
) -> None:
    driver.has(Gpu(changes={"memory.used_mib": "1000"}))
    first = driver.ask(on_first("nvmlDeviceGetMemoryInfo"))
    second = driver.ask(on_first("nvmlDeviceGetMemoryInfo", "nvmlMemory_v2"))
    assert first["used"] >> 20 == 1551
    assert (second["used"] >> 20, second["reserved"] >> 20) == (1000, 551)
    assert first["free"] == second["free"]


def test_conditions_are_what_the_state_says(driver: FakeDriver) -> None:
    driver.has(Gpu(changes={
        "temperature": "91", "temperature.margin": "-2", "utilization.gpu": "97",
        "throttle_reasons": "0x40", "remapped.failed": "1", "sram.threshold_exceeded": "1",
        "ecc.uncorrected.volatile": "3", "pcie.width": "8",
    }))  # fmt: skip
    assert answers(driver, (
        "nvmlDeviceGetMarginTemperature", "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetRemappedRows",
        "nvmlDeviceGetCurrPcieLinkWidth",
    )) == [-2, {"gpu": 97, "memory": 0}, 0x40, [0, 0, 0, 1], 8]  # fmt: skip
    assert driver.ask(on_first("nvmlDeviceGetTemperature", "0")) == 91
    assert driver.ask(on_first("nvmlDeviceGetTemperatureV", "0")) == 91
    assert driver.ask(on_first("nvmlDeviceGetTotalEccErrors", "1", "0")) == 3
    assert driver.ask(f"{on_first('sram')}['bThresholdExceeded']") == 1


def test_processes_have_pid_memory_and_name(driver: FakeDriver) -> None:
    driver.has(Gpu(changes={"processes.compute": "4242:1024,4300:512"}))
    driver.change("system", {"process.4242": "/usr/bin/llama-server"})
    listed = driver.ask(on_first("nvmlDeviceGetComputeRunningProcesses"))
    assert [(one["pid"], one["usedGpuMemory"] >> 20) for one in listed] == [
        (4242, 1024),
        (4300, 512),
    ]
    assert driver.ask("nvmlSystemGetProcessName(4242)") == "/usr/bin/llama-server"
    assert driver.ask("ask(nvmlSystemGetProcessName, 4300)") == {"code": 6}


def test_fields_carry_their_own_return_codes(driver: FakeDriver) -> None:
    driver.has(Gpu(changes={"field.230": "2", "field.193": "-5"}))
    fields = "nvmlDeviceGetFieldValues(first(), [(230, 0), (193, 0), (999, 0)])"
    found = driver.ask(f"[(f.nvmlReturn, f.value.sllVal) for f in {fields}]")
    assert found == [[0, 2], [0, -5], [3, 0]]


def test_a_value_may_be_another_one_at_each_reading(driver: FakeDriver) -> None:
    driver.has(Gpu(changes={"throttle_reasons": "0x8|0x1"}), Gpu())
    looks = "[nvmlDeviceGetCurrentClocksEventReasons(first()) for _ in range(3)]"
    assert driver.ask(looks) == [8, 1, 1]


def test_what_a_board_lacks_is_not_supported(driver: FakeDriver) -> None:
    driver.has(Gpu("rtx4090"))
    calls = ("nvmlDeviceGetEccMode", "nvmlDeviceGetMigMode", "nvmlDeviceGetMarginTemperature")
    assert answers(driver, calls) == [{"code": 3}] * 3


@pytest.mark.parametrize("code", [3, 4, 13, 15, 999])
def test_any_call_can_be_told_to_fail_with_any_code(driver: FakeDriver, code: int) -> None:
    driver.has(Gpu(changes={"temperature": f"!{code}"}))
    assert driver.ask(on_first("nvmlDeviceGetTemperature", "0")) == {"code": code}


def test_a_lost_gpu_answers_nothing_and_its_neighbour_does(driver: FakeDriver) -> None:
    driver.has(Gpu(), Gpu())
    driver.change("gpus/0/state", {"lost": "1"})
    names = "[ask(lambda i: nvmlDeviceGetName(nvmlDeviceGetHandleByIndex(i)), i) for i in (0, 1)]"
    assert driver.ask(names) == [{"code": 15}, "NVIDIA H100 80GB HBM3"]


@pytest.mark.parametrize(("code", "said"), [(9, "Driver Not Loaded"), (18, "version mismatch")])
def test_a_driver_that_does_not_start_says_why(driver: FakeDriver, code: int, said: str) -> None:
    driver.has(Gpu())
    driver.change("system", {"init": f"!{code}"})
    assert said in driver.refuses()


def test_a_driver_that_hangs_holds_up_the_caller(driver: FakeDriver) -> None:
    driver.has(Gpu())
    driver.change("system", {"delay_ms": "700"})
    timed = "(time.monotonic(), nvmlSystemGetDriverVersion(), time.monotonic())"
    begun, _, ended = driver.ask(timed)
    assert ended - begun > 0.6


def test_a_structure_of_another_version_is_refused(driver: FakeDriver) -> None:
    driver.has(Gpu())
    assert driver.ask(on_first("nvmlDeviceGetMemoryInfo", "0x02000030")) == {"code": 25}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_known_model_answers_what_a_survey_asks(driver: FakeDriver, profile: str) -> None:
    driver.has(Gpu(profile))
    calls = (
        "nvmlDeviceGetName", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetCudaComputeCapability",
        "nvmlDeviceGetMaxPcieLinkGeneration", "nvmlDeviceGetEnforcedPowerLimit",
        "nvmlDeviceGetPersistenceMode", "nvmlDeviceGetComputeRunningProcesses",
    )  # fmt: skip
    assert {"code": 3} not in answers(driver, calls)
