"""What a survey finds on this machine's python3, with NVIDIA's pynvml on fake driver libraries."""

import pytest

from deploys.settings.hardware import Gpu as Found
from tests.checks.surveying import ask, card
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices

NEWER_CALLS = (
    "nvmlDeviceGetMemoryInfo_v2",
    "nvmlDeviceGetMemoryAffinity",
    "nvmlDeviceGetP2PStatus",
    "nvmlDeviceGetMigMode",
)


def test_a_card_is_read_with_all_its_facts(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("h100"), Gpu("rtx4090"))
    found = ask()
    assert (found.hardware.driver, found.hardware.cuda) == ("580.95.05", "13.0")
    assert found.remarks == ()
    assert card(found, 0) == Found(
        uuid=gpu_uuid("gpu1", 0),
        name="NVIDIA H100 80GB HBM3",
        memory_mib=81559,
        visible_mib=81079,
        compute_capability="9.0",
        sm_count=132,
        pcie="0000:18:00.0",
        pcie_generation=5,
        pcie_width=16,
        nvlink_peers=(gpu_uuid("gpu1", 1),),
    )
    assert card(found, 2).nvlink_peers == ()


def test_cards_behind_the_same_switches_are_told_from_those_across_the_cpu(
    driver: FakeDriver,
) -> None:
    levels = ("0", "10", "20", "30", "!3")
    first = {f"topology.{other}": level for other, level in enumerate(levels) if other}
    driver.has(Gpu("l4", first), *[Gpu("l4")] * 4)
    found = ask()
    assert card(found, 0).switch_peers == tuple(sorted(gpu_uuid("gpu1", one) for one in (1, 2)))
    assert card(found, 3).switch_peers == ()
    assert found.remarks == ()


def test_an_empty_context_is_measured_when_asked_for(driver: FakeDriver) -> None:
    driver.has(Gpu("rtx4090"))
    assert card(ask(measure_context=True), 0).process_mib == 456
    assert card(ask(), 0).process_mib is None


def test_memory_that_others_hold_is_told(driver: FakeDriver) -> None:
    driver.has(Gpu("rtx4090", {"memory.used_mib": "700", "processes.compute": "1:650"}))
    assert card(ask(), 0).used_mib == 704


def test_cards_stand_in_the_order_of_the_bus(driver: FakeDriver) -> None:
    driver.has(Gpu("l4", {"pci.bus_id": "00000000:E1:00.0"}), Gpu("l4"))
    assert [gpu.pcie for gpu in ask().hardware.gpus] == ["0000:29:00.0", "0000:e1:00.0"]


def test_a_card_in_mig_mode_has_its_slices(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", mig_slices(("3g.40gb", 40448, 60), ("1g.10gb", 9856, 16))))
    found = ask()
    assert {(one.profile, one.memory_mib, one.sm_count) for one in card(found, 0).mig} == {
        ("3g.40gb", 40448, 60),
        ("1g.10gb", 9856, 16),
    }
    assert found.remarks == ()


def test_a_card_in_mig_mode_without_slices_is_left_out_and_said(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"mig.current": "1"}), Gpu("l4"))
    found = ask()
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA L4"]
    assert "MIG is on and it has no slices" in found.remarks[0]


def test_an_old_driver_without_newer_calls_is_read_as_far_as_it_goes(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("h100"), Gpu("h100")).answers_nvml(monkeypatch, lacking=NEWER_CALLS)
    found = ask()
    # 551 MiB are the driver's own reserve, which its only call counts as used.
    assert (card(found, 0).memory_mib, card(found, 0).used_mib) == (81559, 576)
    assert card(found, 0).nvlink_peers == ()
    assert "counts its own reserve as used" in found.remarks[0]


def test_what_a_board_does_not_support_is_left_out_and_said(driver: FakeDriver) -> None:
    lacking = {"pcie.max_generation", "pcie.max_width", "compute_capability", "pci.bus_id"}
    # CUDA knows the capability as well, so that it has to be hidden there too.
    driver.has(Gpu("l4", dict.fromkeys((*lacking, "cuda.visible_mib"), "!3")))
    found = ask()
    only = Found(uuid=gpu_uuid("gpu1", 0), name="NVIDIA L4", memory_mib=23034)
    assert card(found, 0) == only
    assert len([one for one in found.remarks if "Not Supported" in one]) == len(lacking)


def test_a_lost_card_is_left_out_and_said_and_its_neighbour_is_read(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("l4")).change("gpus/0/state", {"lost": "1"})
    found = ask()
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA L4"]
    assert "GPU 0 is left out: GPU is lost" in found.remarks[0]


def test_a_card_that_cannot_be_read_is_left_out_and_said(driver: FakeDriver) -> None:
    bad = [Gpu("h100", change) for change in ({"handle": "!999"}, {"name": "!15"}, {"name": "!3"})]
    driver.has(*bad, Gpu("l4"))
    found = ask()
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA L4"]
    assert len([one for one in found.remarks if "left out" in one]) == len(bad)


def test_a_host_without_cards_has_none(driver: FakeDriver) -> None:
    assert ask().hardware.gpus == ()


def test_what_cuda_refuses_is_said_and_nvml_s_facts_stay(driver: FakeDriver) -> None:
    driver.has(Gpu("h100")).change("system", {"cuda.init": "!802"})
    found = ask()
    assert (card(found, 0).visible_mib, card(found, 0).compute_capability) == (None, "9.0")
    assert found.remarks == ("what CUDA sees could not be read: cuInit answers 802 CUDA_ERROR_802",)


def test_a_card_that_cuda_does_not_show_is_said(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("l4", {"cuda.visible_mib": "!3"}))
    found = ask()
    assert [gpu.visible_mib for gpu in found.hardware.gpus] == [81079, None]
    assert f"{gpu_uuid('gpu1', 1)}: CUDA does not show it as a whole GPU" in found.remarks
