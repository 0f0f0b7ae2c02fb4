"""Replicas on several hosts: which hosts, which layers, and how much memory on each GPU."""

import pytest

from deploys.plan.arguments import VllmArguments
from deploys.plan.memory.pipeline import layers_of, stage_layers
from deploys.plan.search.model_weights import safetensors_gpu_mib
from deploys.plan.search.stage_weights import stage_gpu_mib
from deploys.settings.environment import Host
from deploys.settings.group_data import HostWords
from tests.plan.search.fleets import catalogue, chat, host, planned, refusal

LARGE = "llama-3.1-70b-bf16"
ON_TWO = {"engine": "vllm", "hosts_per_replica": 2, "slots": 8}


def at(number: int, *gpus: str) -> Host:
    """A host on the private network."""
    words = HostWords(address=f"10.0.0.{number}", interface="eth1")
    one = host(f"gpu{number}", *gpus, ram_mib=2_000_000)
    return one.model_copy(update={"words": words})


@pytest.mark.parametrize(
    ("layers", "stages", "counts"),
    [
        (80, 2, (40, 40)),
        # What vllm/distributed/utils.py says of its own rule: never to the last, and of more than
        # two not to the first.
        (81, 2, (41, 40)),
        (61, 4, (15, 15, 16, 15)),
        (62, 4, (15, 16, 16, 15)),
        (63, 4, (16, 16, 16, 15)),
    ],
)
def test_layers_are_divided_as_vllm_does(layers: int, stages: int, counts: tuple[int, ...]) -> None:
    assert stage_layers(layers, stages) == counts
    every = [layer for stage in range(stages) for layer in layers_of(layers, stage, stages)]
    assert every == list(range(layers))


def test_a_group_is_two_hosts_with_the_same_gpus() -> None:
    """Of three, one with others; rank 0 answers and the other one is asked nothing."""
    hosts = [at(1, *["L4"] * 2), at(2, *["H100 SXM"] * 2), at(3, *["H100 SXM"] * 2)]
    plan = planned(hosts, big=chat(LARGE, 8192, **ON_TWO))
    (pool,) = plan.pools
    (replica,) = pool.replicas
    assert [(one.name, one.host) for one in replica.everywhere] == [
        ("big-1", "gpu2"),
        ("big-1-rank1", "gpu3"),
    ]
    assert [len(one.gpus) for one in replica.everywhere] == [2, 2]
    assert [one.endpoint for one in replica.everywhere] == ["10.0.0.2:9001", ""]
    assert [one.group.rank for one in replica.everywhere if one.group] == [0, 1]
    assert {one.group.master for one in replica.everywhere if one.group} == {"10.0.0.2:29501"}
    assert [one.name for one in plan.host("gpu3").replicas] == ["big-1-rank1"]
    assert plan.rollouts["big-1"].strategy == "swap"
    assert "on 2 hosts" in plan.rollouts["big-1"].reason
    assert (
        "big-1 is one group: rank 0 on gpu2 (layers 0 to 39), rank 1 on gpu3 (layers 40 to 79); "
        "they meet at 10.0.0.2:29501"
    ) in pool.reasons


def test_two_groups_on_the_same_hosts_meet_at_ports_of_their_own() -> None:
    hosts = [at(1, *["H100 SXM"] * 4), at(2, *["H100 SXM"] * 4)]
    plan = planned(hosts, big=chat(LARGE, 8192, replicas=2, gpus=2, **ON_TWO))
    replicas = plan.pools[0].replicas
    heads = {one.host for one in replicas}
    ports = sorted(one.group.master for one in replicas if one.group)
    taken = [uuid for one in replicas for each in one.everywhere for uuid in each.gpus]
    assert len({*taken}) == len(taken) == 8
    assert len({*ports}) == 2, (heads, ports)


def test_each_host_holds_its_layers_and_no_more() -> None:
    model = catalogue()[LARGE]
    parts = [stage_gpu_mib(model, 2, stage, 2) or 0 for stage in (0, 1)]
    whole = safetensors_gpu_mib(model, 2) or 0
    assert sum(parts) == pytest.approx(whole)
    # Embeddings and output are alike in size.
    assert parts[0] == pytest.approx(parts[1], rel=0.001)
    (replica,) = (
        planned(
            [at(1, *["H100 SXM"] * 2), at(2, *["H100 SXM"] * 2)], big=chat(LARGE, 8192, **ON_TWO)
        )
        .pools[0]
        .replicas
    )
    for rank, one in enumerate(replica.everywhere):
        assert one.memory[0].parts["weights"].expected == pytest.approx(parts[rank])
        arguments = one.arguments
        assert isinstance(arguments, VllmArguments)
        assert (arguments.tensor_parallel, arguments.layers) == (2, (40, 40))


def test_what_one_host_does_not_hold_two_do() -> None:
    hosts = [at(1, *["RTX 4090"] * 4), at(2, *["RTX 4090"] * 4)]
    alone = refusal(hosts, big=chat(LARGE, 8192, engine="vllm", slots=8))
    assert "weights" in alone.found
    assert planned(hosts, big=chat(LARGE, 8192, **ON_TWO)).pools[0].replicas


def test_tensors_may_be_shared_over_hosts_too() -> None:
    hosts = [at(1, *["H100 SXM"] * 2), at(2, *["H100 SXM"] * 2)]
    asked = chat(LARGE, 8192, split_over_hosts="tensors", **ON_TWO)
    (replica,) = planned(hosts, big=asked).pools[0].replicas
    arguments = replica.arguments
    assert isinstance(arguments, VllmArguments)
    assert (arguments.tensor_parallel, arguments.layers) == (4, ())
    held = safetensors_gpu_mib(catalogue()[LARGE], 4)
    assert [one.memory[0].parts["weights"].expected for one in replica.everywhere] == [
        pytest.approx(held)
    ] * 2


def test_hosts_that_differ_are_no_group() -> None:
    found = refusal(
        [at(1, *["H100 SXM"] * 2), at(2, *["A100 80GB SXM"] * 2)], big=chat(LARGE, 8192, **ON_TWO)
    )
    assert "each on 2 hosts with equal GPUs" in found.found


def test_without_a_gpu_there_is_no_group() -> None:
    found = refusal([at(1), at(2)], big=chat(LARGE, 8192, **ON_TWO))
    assert "vllm is planned on GPUs" in found.found
