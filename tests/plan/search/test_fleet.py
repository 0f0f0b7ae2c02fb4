"""Where the replicas of all pools go, on hosts that differ."""

import random
from collections import Counter

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.settings.environment import Host
from deploys.settings.hardware import Cpu, HostHardware
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import (
    card,
    chat,
    environment,
    host,
    planned,
    refusal,
    with_hardware,
)

SMALL = chat("llama-3.1-8b", 8192)


def _hosts_of(plan: Plan, pool: str = "chat") -> list[str]:
    return [replica.host for one in plan.pools if one.name == pool for replica in one.replicas]


def test_replicas_of_a_pool_are_spread_over_hosts() -> None:
    plan = planned(
        [host(name, "L4", "L4") for name in ("a", "b", "c")], chat={**SMALL, "replicas": 4}
    )
    assert _hosts_of(plan) == ["a", "b", "c", "a"]


def test_each_replica_has_a_gpu_of_its_own() -> None:
    plan = planned([host("a", "L4", "L4"), host("b", "L4")], chat={**SMALL, "replicas": 3})
    used = Counter(gpu for replica in plan.pools[0].replicas for gpu in replica.gpus)
    assert set(used.values()) == {1}
    assert len(used) == 3


def test_a_pool_is_given_the_smallest_gpu_that_does() -> None:
    plan = planned([host("a", "H100 SXM", "L4")], chat=SMALL)
    assert plan.pools[0].replicas[0].gpus == ("GPU-a-1",)


def test_a_large_pool_is_placed_before_small_ones_take_its_gpus() -> None:
    hosts = [host("a", "RTX 3090", "RTX 3090"), host("b", "RTX 3090")]
    large = chat("qwen3-32b", 32_768, slots=2)
    plan = planned(hosts, tiny=SMALL, zz=large)
    assert _hosts_of(plan, "zz") == ["a"]
    assert _hosts_of(plan, "tiny") == ["b"]


def test_the_order_of_hosts_gpus_and_pools_does_not_matter() -> None:
    hosts = [host("a", "L4", "L4"), host("b", "RTX 4090", "L4"), host("c", "RTX 3090", "RTX 3090")]
    pools = {"one": {**SMALL, "replicas": 2}, "two": chat("qwen3-32b"), "three": SMALL}
    expected = plan_environment(environment(hosts, pools), {}).pools
    for seed in range(5):
        shuffle = random.Random(seed)
        mixed = [_with_mixed_gpus(one, shuffle) for one in shuffle.sample(hosts, 3)]
        names = shuffle.sample(sorted(pools), 3)
        again = environment(mixed, {name: pools[name] for name in names})
        assert plan_environment(again, {}).pools == expected


def _with_mixed_gpus(one: Host, shuffle: random.Random) -> Host:
    gpus = shuffle.sample(one.hardware.gpus, len(one.hardware.gpus))
    hardware = one.hardware.model_copy(update={"gpus": tuple(gpus)})
    return one.model_copy(update={"hardware": hardware})


def test_all_replicas_of_a_pool_serve_the_same_weights() -> None:
    plan = planned([host("a", "RTX 3090"), host("b", "H100 SXM")], chat=chat(replicas=2))
    assert {one.model.quantization for one in plan.pools[0].replicas} == {"Q4_K_M"}


def test_hosts_that_differ_lay_their_replicas_out_differently() -> None:
    hosts = [host("a", "RTX 3090", "RTX 3090"), host("b", "H100 SXM")]
    plan = planned(hosts, chat=chat(context_tokens=32_768, slots=2, replicas=2))
    assert [(one.host, len(one.gpus)) for one in plan.pools[0].replicas] == [("b", 1), ("a", 2)]
    assert "one GPU on b: it holds everything" in plan.pools[0].reasons


def test_pools_that_fill_the_gpus_share_them_out() -> None:
    gpus = [host("a", *["L4"] * 4), host("b", *["L4"] * 3)]
    filling = {**SMALL, "replicas": "fill"}
    alone = planned(gpus, one=filling)
    both = planned(gpus, one=filling, two=filling, fixed=SMALL)
    assert len(alone.pools[0].replicas) == 7
    assert {pool.name: len(pool.replicas) for pool in both.pools} == {
        "one": 3,
        "two": 3,
        "fixed": 1,
    }


def test_pools_that_fill_different_hosts_leave_no_gpu_free() -> None:
    gpus = [host("a", *["L4"] * 4), host("b", *["L4"] * 3)]
    filling = {**SMALL, "replicas": "fill"}
    apart = planned(gpus, one={**filling, "hosts": ("a",)}, two={**filling, "hosts": ("b",)})
    assert [len(pool.replicas) for pool in apart.pools] == [4, 3]
    partly = planned(gpus, one=filling, two={**filling, "hosts": ("b",)})
    assert sum(len(pool.replicas) for pool in partly.pools) == 7


def test_slices_are_given_out_like_gpus() -> None:
    slices = [
        {"uuid": f"MIG-{number}", "profile": "2g.20gb", "memory_mib": 20_096, "sm_count": 32}
        for number in range(3)
    ]
    one = host("a", "H100 SXM")
    gpus = (card("GPU-a", "H100 SXM", mig=slices),)
    sliced = one.model_copy(update={"hardware": one.hardware.model_copy(update={"gpus": gpus})})
    plan = planned([sliced], chat={**SMALL, "replicas": 3})
    assert [one.gpus for one in plan.pools[0].replicas] == [("MIG-0",), ("MIG-1",), ("MIG-2",)]


def test_a_pool_keeps_to_its_hosts() -> None:
    hosts = [host("a", "L4", "L4"), host("b", "L4", "L4")]
    assert _hosts_of(planned(hosts, chat={**SMALL, "replicas": 2, "hosts": ("b",)})) == ["b", "b"]
    found = refusal(hosts, chat={**SMALL, "replicas": 3, "hosts": ("b",)})
    assert found.found.startswith("not enough free GPUs: room for 2 of 3 replicas")
    assert "hosts a, b" in found.hint


def test_replicas_share_a_gpu_only_where_all_that_are_on_it_say_so() -> None:
    one = [host("a", "RTX 4090")]
    shared = {**SMALL, "share_gpus": True}
    both = planned(one, chat=shared, other=shared)
    assert {replica.gpus for pool in both.pools for replica in pool.replicas} == {("GPU-a-0",)}
    assert "not enough free GPUs" in refusal(one, chat=shared, other=SMALL).found


def test_shared_gpus_are_not_filled_beyond_their_memory() -> None:
    shared = chat("llama-3.1-8b-q8_0", 8192, share_gpus=True, replicas=3, gpu_layers=33)
    found = refusal([host("a", "RTX 4090")], chat=shared)
    assert found.found.startswith("not enough free GPUs: room for 2 of 3 replicas")
    assert "replicas 2" in found.hint


def test_gpu_hosts_are_taken_before_hosts_without_one_and_gpus_0_asks_for_ram() -> None:
    hosts = [with_hardware("a", HostHardware(cpu=Cpu(physical_cores=8), memory_mib=65_536))]
    hosts.append(host("b", "L4"))
    assert _hosts_of(planned(hosts, chat=SMALL)) == ["b"]
    plan = planned(hosts, chat={**SMALL, "gpus": 0})
    assert plan.pools[0].replicas[0].gpus == ()
    assert "gpu_layers 0: as set" in plan.pools[0].reasons


@pytest.mark.parametrize(
    ("hosts", "pool", "found"),
    [
        (
            [host("a", "RTX 4090", ram_mib=1024)],
            SMALL,
            "a: RAM: 1,856 MiB needed, 1,024 MiB available",
        ),
        ([host("a", "RTX 4090", disk_free_mib=4096)], SMALL, "MiB needed, 4,096 MiB free"),
        ([host("a", "L4")], {**SMALL, "gpus": 2}, "a replica takes 2, no host has more than 1"),
        ([host("a", "L4")], {**SMALL, "replicas": 2}, "room for 1 of 2 replicas; 1 GPUs are left"),
    ],
)
def test_what_a_host_lacks_is_said(hosts: list[Host], pool: dict[str, object], found: str) -> None:
    assert found in refusal(hosts, chat=pool).found


def test_what_a_host_lacks_is_said_though_other_orders_of_its_pools_were_tried_since() -> None:
    one = host("a", "RTX 4090", "RTX 4090", disk_free_mib=18_000)
    large = chat("llama-3.1-8b-bf16", 8192)
    found = refusal([one], a={**SMALL, "engine": "llamacpp"}, b=large).found
    assert found == "a: disk: 4,685 MiB needed, 2,683 MiB free"


def test_what_a_pool_lacks_is_said_though_changes_of_another_were_tried_since() -> None:
    one = host("a", "RTX 4090", "RTX 4090", disk_free_mib=6000)
    with pytest.raises(Refused) as refused:
        planned([one], a=chat("llama-3.1-8b-q8_0", 8192), b=chat("llama-3.1-8b-bf16", 8192))
    assert [complaint.found for complaint in refused.value.complaints] == [
        "a: disk: 8,138 MiB needed, 6,000 MiB free",
        "a: disk: 15,317 MiB needed, 6,000 MiB free",
    ]


def test_a_model_is_stored_once_on_a_host_however_many_serve_it() -> None:
    roomy = host("a", "RTX 4090", "RTX 4090", disk_free_mib=9000)
    plan = planned([roomy], chat={**SMALL, "replicas": 2})
    assert len(plan.pools[0].replicas) == 2


def test_threads_are_the_cores_near_the_gpu_shared_out() -> None:
    one = host("a", *["L4"] * 4, cores=24)
    plan = planned([one], chat={**SMALL, "replicas": 3})
    near = {(one.numa_node, one.arguments.threads) for one in plan.pools[0].replicas}
    assert near == {(0, 6), (1, 12)}


def test_a_replica_over_both_nodes_has_no_node_and_shares_all_cores() -> None:
    one = host("a", "RTX 3090", "RTX 3090", cores=24)
    (replica,) = planned([one], chat=chat(context_tokens=32_768, slots=2)).pools[0].replicas
    assert (replica.numa_node, replica.arguments.threads) == (None, 24)
