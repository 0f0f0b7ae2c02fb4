"""From settings to a plan: every number is there, and what does not fit is refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.settings.environment import read_environment
from deploys.settings.refusal import Refused
from tests.environments import POOL, write_environment

IMAGES = {"llamacpp": "homeport/llamacpp:test", "nginx": "homeport/nginx:test"}
SMALL = {**POOL, "replicas": 2, "slots": 2}


def _plan(root: Path, *, memory_mib: int = 4096, **pools: Mapping[str, object]) -> Plan:
    write_environment(root, {"pools": pools or {"chat": SMALL}}, memory_mib=memory_mib)
    return plan_environment(read_environment(root, "small"), IMAGES)


def test_the_cache_holds_each_slots_context(tmp_path: Path) -> None:
    arguments = _plan(tmp_path).pools[0].replicas[0].arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.context_tokens, arguments.slots) == (2 * 512, 2)


def test_cores_are_shared_out_among_the_replicas_of_a_host(tmp_path: Path) -> None:
    two = _plan(tmp_path)
    one = _plan(tmp_path, chat={**SMALL, "replicas": 1})
    many = _plan(tmp_path, chat={**SMALL, "replicas": 5})
    assert [plan.pools[0].replicas[0].arguments.threads for plan in (two, one, many)] == [1, 2, 1]


def test_pinned_threads_are_respected(tmp_path: Path) -> None:
    replica = _plan(tmp_path, chat={**SMALL, "threads": 7}).pools[0].replicas[0]
    assert (replica.arguments.threads, replica.limits.cpus) == (7, 7)


def test_the_cache_is_predicted_to_the_byte_rounded_up_to_mib(tmp_path: Path) -> None:
    replica = _plan(tmp_path, chat={**SMALL, "context_tokens": 65536}).pools[0].replicas[0]
    shape = replica.model.shape
    per_cell = shape.kv_heads * (shape.key_length + shape.value_length) * 2
    expected = -(-shape.layers * 2 * 65536 * per_cell // 2**20)
    assert replica.memory_mib["kv_cache"] == expected


def test_a_quantised_cache_is_17_of_32_as_large(tmp_path: Path) -> None:
    words = {**SMALL, "context_tokens": 131072}
    plain = _plan(tmp_path, chat=words).pools[0].replicas[0].memory_mib["kv_cache"]
    small = _plan(tmp_path, chat={**words, "kv_cache_type": "q8_0"})
    assert small.pools[0].replicas[0].memory_mib["kv_cache"] == pytest.approx(
        plain * 17 / 32, abs=1
    )


def test_a_longer_context_never_needs_less(tmp_path: Path) -> None:
    totals = [
        sum(
            _plan(tmp_path, chat={**SMALL, "context_tokens": size})
            .pools[0]
            .replicas[0]
            .memory_mib.values()
        )
        for size in (512, 2048, 8192, 32768)
    ]
    assert totals == sorted(totals)


def test_the_limit_holds_the_sum_with_headroom(tmp_path: Path) -> None:
    replica = _plan(tmp_path, chat={**SMALL, "context_tokens": 131072}).pools[0].replicas[0]
    assert replica.limits.memory_mib >= 1.25 * sum(replica.memory_mib.values())


def test_what_exceeds_the_hosts_memory_is_refused_with_the_sum_and_what_fits(
    tmp_path: Path,
) -> None:
    with pytest.raises(Refused) as refused:
        _plan(tmp_path, memory_mib=600, chat={**SMALL, "replicas": 3})
    (complaint,) = refused.value.complaints
    terms = "chat-1 256 + chat-2 256 + chat-3 256"
    assert complaint.path == "pools.chat"
    assert complaint.found == f"localhost: 600 MiB of RAM cannot hold 768 MiB ({terms})"
    assert complaint.hint == "nearest that fit, each by itself: replicas 2"
    assert (
        len(_plan(tmp_path, memory_mib=600, chat={**SMALL, "replicas": 2}).pools[0].replicas) == 2
    )


def test_replicas_spread_over_hosts_whatever_the_order_of_the_inventory(tmp_path: Path) -> None:
    def placed(order: str) -> list[tuple[str, str]]:
        inventory = f"small = [{order}]\ngpu_hosts = gateways = small\n"
        root = write_environment(tmp_path, {"pools": {"chat": SMALL}}, inventory=inventory)
        hardware = root / "inventories" / "hardware" / "small.yaml"
        one = '{"cpu": {"physical_cores": 2}, "memory_mib": 4096}'
        hardware.write_text(f'{{"hosts": {{"gpu1": {one}, "gpu2": {one}}}}}')
        plan = plan_environment(read_environment(root, "small"), IMAGES)
        return [(replica.name, replica.host) for replica in plan.pools[0].replicas]

    one, two = (f"('gpu{number}', {{'address': '10.0.0.{number}'}})" for number in (1, 2))
    assert placed(f"{one}, {two}") == placed(f"{two}, {one}")
    assert placed(f"{two}, {one}") == [("chat-1", "gpu1"), ("chat-2", "gpu2")]


def test_a_candidate_knows_under_which_names_it_is_asked_as_well(tmp_path: Path) -> None:
    chat = {**SMALL, "public_name": "Org/Chat", "aliases": ["gpt-4o"]}
    plan = _plan(tmp_path, chat={**chat, "canary": {"candidate": "next"}}, next=SMALL)
    assert {pool.name: pool.tried_as for pool in plan.pools} == {
        "chat": (),
        "next": ("Org/Chat", "gpt-4o"),
    }
