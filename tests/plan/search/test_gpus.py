"""What of a host's GPUs can be used, and how they are grouped."""

from deploys.plan.search.gpus import UsableGpu, usable_gpus
from deploys.plan.search.groups import groups, islands
from deploys.plan.search.rooms import room_of
from deploys.settings.hardware import Cpu, Gpu, HostHardware
from tests.plan.search.fleets import card, host, with_hardware


def _usable(*gpus: Gpu) -> tuple[UsableGpu, ...]:
    cpu = Cpu(physical_cores=8)
    return usable_gpus(HostHardware(cpu=cpu, memory_mib=65_536, gpus=gpus))


def _names(found: tuple[UsableGpu, ...]) -> list[str]:
    return [gpu.uuid for gpu in found]


SLICES = [
    {"uuid": "MIG-a", "profile": "3g.40gb", "memory_mib": 40_192, "sm_count": 60},
    {"uuid": "MIG-b", "profile": "1g.10gb", "memory_mib": 9_856, "sm_count": 16},
]


def test_a_gpu_in_mig_mode_is_used_by_its_slices_alone() -> None:
    large, small = _usable(card("GPU-a", "H100 SXM", mig=SLICES))
    assert (large.uuid, small.uuid) == ("MIG-a", "MIG-b")
    assert large.kind.name == "H100 SXM MIG 3g.40gb"
    assert large.kind.visible_mib == int(40_192 - (81_559 - 81_121) * 40_192 / 81_559)
    assert (small.kind.sm_count, small.kind.compute_capability) == (16, "9.0")


def test_slices_are_never_joined_since_a_process_sees_one() -> None:
    free = _usable(card("GPU-a", "H100 SXM", mig=SLICES), card("GPU-b", "H100 SXM"))
    assert len(list(groups(free, 1, "llamacpp"))) == 3
    assert list(groups(free, 2, "llamacpp")) == []


def test_a_slice_has_its_part_of_the_bandwidth() -> None:
    large, _ = _usable(card("GPU-a", "H100 SXM", mig=SLICES))
    assert large.kind.memory_share == 40_192 / 81_559


def test_the_budget_is_what_cuda_sees_less_others_process_and_margin() -> None:
    (idle,) = _usable(card("GPU-a", "RTX 4090"))
    (shared,) = _usable(card("GPU-a", "RTX 4090", used_mib=3000, process_mib=456))
    assert idle.kind.budget_mib == 24_080 - (222 + 2.6 * 128) - 0.03 * 24_080
    assert shared.kind.budget_mib == 24_080 - 3000 - 456 - 0.03 * 24_080


def test_a_gpu_whose_process_is_of_unknown_size_has_no_budget() -> None:
    (strange,) = _usable(Gpu(uuid="GPU-a", name="Unheard Of 1", memory_mib=24_000))
    assert strange.kind.budget_mib < 0


def test_gpus_are_ordered_by_their_bus_address() -> None:
    late = card("GPU-a", "L4", pcie="0000:81:00.0")
    early = card("GPU-b", "L4", pcie="0000:01:00.0")
    assert _names(_usable(late, early)) == ["GPU-b", "GPU-a"]


def test_the_smallest_kind_comes_first_and_different_kinds_only_split_layers() -> None:
    free = _usable(card("GPU-a", "RTX 4090"), card("GPU-b", "L40S"), card("GPU-c", "RTX 4090"))
    assert next(_names(one) for one in groups(free, 1, "llamacpp")) == ["GPU-a"]
    assert [_names(one) for one in groups(free, 2, "vllm")] == [["GPU-a", "GPU-c"]]
    assert ["GPU-a", "GPU-b"] in [_names(one) for one in groups(free, 2, "llamacpp")]
    assert [_names(one) for one in groups(free, 3, "vllm")] == []


def test_gpus_of_one_numa_node_come_before_gpus_of_two() -> None:
    free = usable_gpus(host("a", *["RTX 4090"] * 4).hardware)
    pairs = [_names(one) for one in groups(free[1:], 2, "vllm")]
    assert pairs == [["GPU-a-2", "GPU-a-3"], ["GPU-a-1", "GPU-a-2"]]


def test_gpus_joined_by_nvlink_come_before_neighbours() -> None:
    bridged = [
        card("GPU-a", "RTX 3090", numa_node=0),
        card("GPU-b", "RTX 3090", numa_node=0, nvlink_peers=["GPU-d"]),
        card("GPU-c", "RTX 3090", numa_node=1),
        card("GPU-d", "RTX 3090", numa_node=1, nvlink_peers=["GPU-b"]),
    ]
    free = _usable(*bridged)
    assert next(_names(one) for one in groups(free, 2, "vllm")) == ["GPU-b", "GPU-d"]
    assert [_names(one) for one in islands(free)] == [["GPU-b", "GPU-d"]]


def test_gpus_behind_one_switch_come_after_nvlink_and_before_neighbours() -> None:
    def of(*joined: str) -> list[Gpu]:
        switched = ("GPU-b", "GPU-d")
        return [
            card(
                uuid,
                "RTX 3090",
                numa_node=0,
                switch_peers=[one for one in switched if uuid in switched and one != uuid],
                nvlink_peers=[one for one in joined if uuid in joined and one != uuid],
            )
            for uuid in ("GPU-a", "GPU-b", "GPU-c", "GPU-d")
        ]

    pairs = [_names(one) for one in groups(_usable(*of()), 2, "vllm")]
    assert pairs == [["GPU-b", "GPU-d"], ["GPU-a", "GPU-b"]]
    pairs = [_names(one) for one in groups(_usable(*of("GPU-a", "GPU-c")), 2, "vllm")]
    assert pairs[:2] == [["GPU-a", "GPU-c"], ["GPU-b", "GPU-d"]]


def test_hosts_whose_switches_join_other_gpus_are_not_alike() -> None:
    def of(peer: str) -> str:
        cards = [card(f"GPU-{one}", "L4") for one in "abc"]
        cards[0] = cards[0].model_copy(update={"switch_peers": (peer,)})
        hardware = HostHardware(cpu=Cpu(physical_cores=8), memory_mib=65_536, gpus=tuple(cards))
        return room_of(with_hardware("a", hardware)).signature

    assert of("GPU-b") == of("GPU-b") != of("GPU-c")
