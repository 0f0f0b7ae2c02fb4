"""What a survey says about what changed, and what it does not forget."""

from deploys.settings.hardware import Cpu, Gpu, HostHardware, MigSlice
from deploys.survey.changes import carried_over, changes

CARD = Gpu(uuid="GPU-a", name="NVIDIA L4", memory_mib=23034)
HOST = HostHardware(cpu=Cpu(physical_cores=8), memory_mib=64_000, gpus=(CARD,))


def said(before: HostHardware | None, after: HostHardware) -> list[str]:
    return list(map(str, changes({"gpu1": before} if before else {}, {"gpu1": after})))


def test_the_same_hardware_is_no_change() -> None:
    assert said(HOST, HOST) == []


def test_a_new_host_is_told_with_its_cores_memory_and_cards() -> None:
    assert said(None, HOST) == [
        "gpu1: + host: 8 cores, 64000 MiB",
        "gpu1: + GPU-a: NVIDIA L4, 23034 MiB",
    ]


def test_cards_that_came_and_went_are_told_by_uuid() -> None:
    other = CARD.model_copy(update={"uuid": "GPU-b"})
    assert said(HOST, HOST.model_copy(update={"gpus": (other,)})) == [
        "gpu1: - GPU-a: NVIDIA L4, 23034 MiB",
        "gpu1: + GPU-b: NVIDIA L4, 23034 MiB",
    ]


def test_a_fact_that_changed_is_told_with_both_values() -> None:
    cut = CARD.model_copy(
        update={
            "visible_mib": 22491,
            "mig": (MigSlice(uuid="MIG-a", profile="1g.10gb", memory_mib=9856),),
        }
    )
    after = HOST.model_copy(
        update={"cpu": Cpu(physical_cores=16), "gpus": (cut,), "driver": "580.95.05"}
    )
    assert said(HOST, after) == [
        "gpu1: + GPU-a.visible_mib: 22491",
        "gpu1: + GPU-a.mig.MIG-a: 1g.10gb, 9856 MiB",
        "gpu1: cpu.physical_cores: 8 -> 16",
        "gpu1: + driver: 580.95.05",
    ]


def test_what_only_a_person_or_an_earlier_measurement_knows_is_kept() -> None:
    measured = CARD.model_copy(update={"process_mib": 250})
    before = HOST.model_copy(update={"ram_gb_per_second": 90.0, "gpus": (measured,)})
    assert carried_over(before, HOST) == before
    anew = CARD.model_copy(update={"process_mib": 260})
    found = carried_over(before, HOST.model_copy(update={"gpus": (anew,)}))
    assert found.gpus[0].process_mib == 260


def test_free_disk_and_used_memory_change_once_they_have_moved_enough_to_matter() -> None:
    card = CARD.model_copy(update={"used_mib": 1280})
    before = HOST.model_copy(update={"disk_free_mib": 100_000, "gpus": (card,)})

    def found(disk: int, used: int) -> HostHardware:
        cards = (CARD.model_copy(update={"used_mib": used}),)
        return HOST.model_copy(update={"disk_free_mib": disk, "gpus": cards})

    assert carried_over(before, found(91_000, 1344)) == before
    moved = found(89_000, 1472)
    assert carried_over(before, moved) == moved
