"""How replicas are replaced follows from their pool, and from what is left beside them."""

from pathlib import Path

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.settings.environment import read_environment
from deploys.settings.refusal import Refused
from tests.environments import POOL, write_environment
from tests.plan.search.fleets import chat, host, planned, refusal

IMAGES = {"llamacpp": "llama", "nginx": "nginx"}
SMALL = {"model": "llama-3.1-8b-q4_k_m", "context_tokens": 4096}


def _plan(root: Path, memory_mib: int, **pools: object) -> Plan:
    write_environment(root, {"pools": pools}, memory_mib=memory_mib)
    return plan_environment(read_environment(root, "small"), IMAGES)


def test_replicas_surge_where_ram_for_one_more_is_left(tmp_path: Path) -> None:
    plan = _plan(tmp_path, 4 * 256, chat={**POOL, "replicas": 2}, alone=POOL)
    found = {name: (one.strategy, one.drain_seconds) for name, one in plan.rollouts.items()}
    assert found == dict.fromkeys(("chat-1", "chat-2", "alone-1"), ("surge", 600))
    assert {name: one.name for name, one in plan.stand_ins.items()} == {
        name: f"{name}-surge" for name in found
    }


def test_without_that_replicas_of_a_pool_shift_and_one_alone_is_swapped(tmp_path: Path) -> None:
    pools = {"chat": {**POOL, "replicas": 3, "drain_seconds": 60}, "alone": POOL}
    plan = _plan(tmp_path, 4 * 256 + 255, **pools)
    found = {name: (one.strategy, one.drain_seconds) for name, one in plan.rollouts.items()}
    assert found == {
        **{f"chat-{number}": ("shift", 60) for number in (1, 2, 3)},
        "alone-1": ("swap", 600),
    }
    why_not = "; no surge: RAM: 256 MiB needed, 255 MiB available"
    shift, swap = plan.rollouts["chat-1"].reason, plan.rollouts["alone-1"].reason
    assert shift == f"2 other replicas carry pool chat meanwhile{why_not}"
    assert swap == f"it is alone in pool alone: 503 with Retry-After meanwhile{why_not}"
    assert plan.stand_ins == {}


def test_what_is_pinned_is_kept(tmp_path: Path) -> None:
    shift = {**POOL, "replicas": 2, "rollout": "shift"}
    plan = _plan(tmp_path, 4096, chat=shift, alone={**POOL, "rollout": "swap"})
    found = {name: one.strategy for name, one in plan.rollouts.items()}
    assert found == {"chat-1": "shift", "chat-2": "shift", "alone-1": "swap"}
    assert plan.stand_ins == {}


def test_a_pinned_surge_without_room_is_refused_with_the_sum(tmp_path: Path) -> None:
    pool = {**POOL, "replicas": 2, "rollout": "surge"}
    with pytest.raises(Refused) as refused:
        _plan(tmp_path, 3 * 256 - 1, chat=pool)
    first, second = map(str, refused.value.complaints)
    assert first.startswith(
        "error: inventories/group_data/small.py: pools.chat.rollout: surge: no second one fits "
        "beside chat-1 on localhost: RAM: 256 MiB needed, 255 MiB available\nhint: "
    )
    assert "beside chat-2 on localhost" in second


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"rollout": "shift"}, "shift: the pool has one replica, and no other to carry on"),
        ({"rollout": "swap", "replicas": 2}, "swap: the pool has 2 replicas, and the others carry"),
    ],
)
def test_a_pinned_strategy_that_is_another_one_is_refused(
    tmp_path: Path, words: dict[str, object], found: str
) -> None:
    with pytest.raises(Refused, match=found):
        _plan(tmp_path, 4096, chat={**POOL, **words})


def test_a_stand_in_takes_a_free_gpu_of_the_same_kind() -> None:
    plan = planned(
        [host("a", "RTX 4090", "L4", "RTX 4090")],
        chat=chat("qwen3-32b-q4_k_m", context_tokens=12288),
    )
    replica, stand_in = plan.pools[0].replicas[0], plan.stand_ins["chat-1"]
    assert (replica.gpus, stand_in.gpus) == (("GPU-a-0",), ("GPU-a-2",))
    assert (replica.numa_node, stand_in.numa_node) == (0, 1)
    assert stand_in.arguments == replica.arguments


def test_a_gpu_of_another_kind_is_no_room_for_a_stand_in() -> None:
    pool = chat("qwen3-32b-q4_k_m", rollout="surge")
    found = refusal([host("a", "RTX 4090", "RTX 3090")], chat=pool)
    assert "needs a GeForce RTX" in found.found
    assert "0 are free on its host" in found.found


def test_beside_a_replica_on_its_gpu_a_stand_in_runs_only_where_the_pool_shares() -> None:
    one = [host("a", "RTX 4090")]
    assert planned(one, chat=SMALL).rollouts["chat-1"].strategy == "swap"
    plan = planned(one, chat={**SMALL, "share_gpus": True})
    assert plan.rollouts["chat-1"].strategy == "surge"
    assert plan.stand_ins["chat-1"].gpus == plan.pools[0].replicas[0].gpus


def test_a_shared_gpu_without_room_for_one_more_is_refused_with_the_sum() -> None:
    pool = {**SMALL, "share_gpus": True, "replicas": "fill", "rollout": "surge"}
    with pytest.raises(Refused) as refused:
        planned([host("a", "RTX 4090")], chat=pool)
    found = str(refused.value)
    assert "a second one needs " in found
    assert "MiB are left of the GeForce RTX 4090 (" in found


def test_ports_that_run_into_each_other_leave_no_room_for_a_stand_in(tmp_path: Path) -> None:
    hosts = '("gate1", {"address": "10.9.0.1"}), ("@local", {"address": "10.9.0.2"})'
    inventory = f'small = [{hosts}]\ngpu_hosts = ["@local"]\ngateways = ["gate1"]\n'
    words = {"pools": {"chat": {**POOL, "replicas": 2}}, "stand_in_port": 9002}
    write_environment(tmp_path, {**words, "directory": "/srv/x"}, inventory=inventory)
    one = '{"cpu": {"physical_cores": 2}, "memory_mib": 4096}'
    file = tmp_path / "inventories" / "hardware" / "small.yaml"
    file.write_text(f'{{"hosts": {{"gate1": {one}, "localhost": {one}}}}}')
    plan = plan_environment(read_environment(tmp_path, "small"), IMAGES)
    assert plan.rollouts["chat-1"].strategy == "shift"
    assert "the ports from stand_in_port 9002 on" in plan.rollouts["chat-1"].reason
