"""What the committed environments promise their readers is what the plan makes of them."""

from functools import cache

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.plan.verdict import Outcome
from deploys.settings.environment import read_environment
from deploys.settings.refusal import Refused
from tests.environments import ROOT


@cache
def plan(name: str) -> Plan:
    return plan_environment(read_environment(ROOT, name), {})


@pytest.mark.parametrize("name", ["staging", "production"])
def test_everything_fits_with_its_margin(name: str) -> None:
    replicas = [one for pool in plan(name).pools for one in pool.replicas]
    verdicts = [verdict for one in replicas for verdict in one.verdicts]
    assert verdicts
    assert {verdict.outcome for verdict in verdicts} == {Outcome.FITS}


def test_staging_runs_chat_and_embeddings_on_its_one_card() -> None:
    replicas = [one for pool in plan("staging").pools for one in pool.replicas]
    assert [one.name for one in replicas] == ["chat-1", "embeddings-1"]
    assert len({one.gpus for one in replicas}) == 1
    assert {pool.engine for pool in plan("staging").pools} == {"localai"}


def test_production_leaves_no_gpu_idle() -> None:
    pools = {pool.name: pool for pool in plan("production").pools}
    assert {name: len(pool.replicas) for name, pool in pools.items()} == {
        "chat": 8,
        "chat-large": 2,
        "embeddings": 2,
        "rerank": 2,
        "vision": 6,
    }
    assert {len(one.gpus) for one in pools["chat-large"].replicas} == {4}
    used = {uuid for pool in pools.values() for one in pool.replicas for uuid in one.gpus}
    hardware = [host.hardware for host in read_environment(ROOT, "production").hosts]
    assert used == {gpu.uuid for one in hardware for gpu in one.gpus}


def test_either_of_two_hosts_of_a_kind_may_be_lost() -> None:
    for pool in plan("production").pools:
        assert len({one.host for one in pool.replicas}) == 2, pool.name


def test_a_longer_context_than_its_card_holds_is_refused_with_the_sum() -> None:
    environment = read_environment(ROOT, "staging")
    chat = environment.pools["chat"].model_copy(update={"context_tokens": 131_072, "slots": 32})
    longer = environment.model_copy(update={"pools": {**environment.pools, "chat": chat}})
    with pytest.raises(Refused, match=r"needs [\d,]+ MiB"):
        plan_environment(longer, {})
