"""Which differences between planned and live hardware are refused, and which are ignored."""

from dataclasses import replace

import pytest

from deploys.facts.hardware import LiveGpu, LiveHardware
from deploys.operations.hardware_choice import crowded_gpus, other_gpus, too_little
from deploys.render.release import ExpectedGpu, ExpectedHardware

PLANNED = ExpectedGpu(uuid="GPU-a", name="NVIDIA L4", memory_mib=23034, compute_capability="8.9")
CUT = PLANNED.model_copy(update={"slices": ("MIG-a", "MIG-b")})
CARD = LiveGpu("GPU-a", 23034, mig=False, compute_capability="8.9")
OTHER = LiveGpu("GPU-b", 81559, mig=False, compute_capability="9.0")


def gpus(
    *live: LiveGpu, planned: ExpectedGpu = PLANNED, slices: frozenset[str] = frozenset()
) -> list[str]:
    expected = ExpectedHardware(physical_cores=4, memory_mib=1000, gpus=(planned,))
    return list(other_gpus(expected, LiveHardware(8, 64_000, 1, gpus=live, slices=slices)))


def test_the_planned_card_beside_any_other_is_accepted() -> None:
    assert gpus(CARD) == gpus(OTHER, CARD) == []


def test_a_planned_card_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert gpus(OTHER) == ["GPU-a (NVIDIA L4) is not there (found: GPU-b)"]
    assert gpus() == ["GPU-a (NVIDIA L4) is not there (found: none)"]


@pytest.mark.parametrize(("memory_mib", "count"), [(23034 - 64, 0), (23034 + 64, 0), (22000, 1)])
def test_other_memory_is_refused_and_a_driver_s_few_mib_are_not(
    memory_mib: int, count: int
) -> None:
    assert len(gpus(LiveGpu("GPU-a", memory_mib, False, "8.9"))) == count


def test_another_compute_capability_is_refused_and_an_untold_one_is_not() -> None:
    assert gpus(LiveGpu("GPU-a", 23034, False, "8.0")) == [
        "GPU-a (NVIDIA L4) has compute capability 8.0, and was planned with 8.9"
    ]
    assert gpus(LiveGpu("GPU-a", None, False, None)) == []


def test_mig_that_was_switched_on_is_refused() -> None:
    (found,) = gpus(LiveGpu("GPU-a", 23034, True, "8.9"))
    assert "is in MIG mode, and the plan uses all of it" in found


def test_mig_that_was_switched_off_is_refused() -> None:
    (found,) = gpus(CARD, planned=CUT)
    assert "is not in MIG mode, and the plan uses 2 of its slices" in found


def test_a_slice_that_is_gone_is_refused_by_its_uuid() -> None:
    card = LiveGpu("GPU-a", 23034, True, "8.9")
    assert gpus(card, planned=CUT, slices=frozenset({"MIG-a", "MIG-b", "MIG-c"})) == []
    assert gpus(card, planned=CUT, slices=frozenset({"MIG-a"})) == [
        "GPU-a (NVIDIA L4) has no slice MIG-b"
    ]


def test_a_driver_that_fails_is_refused_in_its_own_words() -> None:
    expected = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=(PLANNED,))
    live = LiveHardware(8, 64_000, failure="Driver/library version mismatch")
    assert list(other_gpus(expected, live)) == ["nvidia-smi fails: Driver/library version mismatch"]


@pytest.mark.parametrize(("devices", "count"), [(0, 1), (1, 0), (2, 0)])
def test_before_the_driver_is_installed_the_bus_alone_is_compared(devices: int, count: int) -> None:
    expected = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=(PLANNED,))
    found = list(other_gpus(expected, LiveHardware(8, 64_000, devices, has_driver=False)))
    assert len(found) == count


def test_fewer_cores_or_less_ram_than_planned_is_refused() -> None:
    expected = ExpectedHardware(physical_cores=8, memory_mib=64_000)
    assert list(too_little(expected, LiveHardware(8, 64_000))) == []
    assert list(too_little(expected, LiveHardware(16, 128_000))) == []
    assert list(too_little(expected, LiveHardware(4, 63_000))) == [
        "4 cores, and the plan uses 8",
        "63000 MiB of RAM, and the plan uses 64000",
    ]


@pytest.mark.parametrize(
    ("left_mib", "others_mib", "count"),
    [(4000, 4064, 0), (4000, 4065, 1), (0, 24_000, 1), (None, 24_000, 0), (4000, None, 0)],
)
def test_memory_in_the_hands_of_others_is_refused_where_the_plan_needs_it(
    left_mib: int | None, others_mib: int | None, count: int
) -> None:
    planned = PLANNED.model_copy(update={"left_mib": left_mib})
    expected = ExpectedHardware(physical_cores=4, memory_mib=1000, gpus=(planned,))
    card = replace(CARD, others_mib=others_mib)
    assert len(list(crowded_gpus(expected, LiveHardware(8, 64_000, gpus=(OTHER, card))))) == count


def test_who_holds_memory_that_is_planned_is_named() -> None:
    planned = PLANNED.model_copy(update={"left_mib": 4000})
    expected = ExpectedHardware(physical_cores=4, memory_mib=1000, gpus=(planned,))
    card = replace(CARD, others_mib=9000, others=("python3 (PID 7)", "train (PID 8)"))
    assert list(crowded_gpus(expected, LiveHardware(8, 64_000, gpus=(card,)))) == [
        "GPU-a (NVIDIA L4): others hold 9000 MiB of it (python3 (PID 7), train (PID 8)), "
        "and the plan leaves them 4000"
    ]
