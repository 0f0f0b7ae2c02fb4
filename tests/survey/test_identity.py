"""A host surveyed under another's name is noticed by the cards that it shows."""

from deploys.settings.hardware import Cpu, Gpu, HostHardware
from deploys.survey.identity import mistaken_hosts


def host(*uuids: str) -> HostHardware:
    gpus = tuple(Gpu(uuid=uuid, name="NVIDIA L4", memory_mib=23034) for uuid in uuids)
    return HostHardware(cpu=Cpu(physical_cores=8), memory_mib=64_000, gpus=gpus)


def said(before: dict[str, HostHardware], found: dict[str, HostHardware]) -> list[str]:
    return [f"{one.path}: {one.found}" for one in mistaken_hosts("hardware.yaml", before, found)]


def test_hosts_with_cards_of_their_own_are_not_mistaken() -> None:
    both = {"gpu1": host("GPU-a"), "gpu2": host("GPU-b"), "gate1": host(), "gate2": host()}
    assert said({}, both) == said(both, both) == []


def test_one_card_at_two_hosts_is_one_machine_under_two_names() -> None:
    found = said({}, {"gpu1": host("GPU-a"), "gpu2": host("GPU-a")})
    assert found == [
        "hosts.gpu1: GPU-a answers at gpu1 and at gpu2: both lead to one machine",
    ]


def test_a_card_of_a_host_that_was_not_asked_is_refused() -> None:
    found = said({"gpu2": host("GPU-b")}, {"gpu1": host("GPU-a", "GPU-b")})
    assert found == ["hosts.gpu1: GPU-b stands at gpu2, which was not asked or did not answer"]


def test_a_card_that_moved_is_fine_when_both_hosts_were_asked() -> None:
    before = {"gpu1": host("GPU-a"), "gpu2": host("GPU-b", "GPU-c")}
    assert said(before, {"gpu1": host("GPU-a", "GPU-b"), "gpu2": host("GPU-c")}) == []


def test_two_hosts_that_changed_all_their_cards_have_changed_their_names() -> None:
    before = {"gpu1": host("GPU-a"), "gpu2": host("GPU-b")}
    found = said(before, {"gpu1": host("GPU-b"), "gpu2": host("GPU-a")})
    assert found == [
        "hosts.gpu1: has all the GPUs that were those of gpu2",
        "hosts.gpu2: has all the GPUs that were those of gpu1",
    ]
