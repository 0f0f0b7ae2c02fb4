"""Settings of replicas on several hosts: what fits, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploys.settings.group_consistency import group_complaints
from deploys.settings.inventory import Inventory, InventoryHost
from deploys.settings.pool import Pool
from tests.environments import POOL

ON_TWO = {**POOL, "engine": "vllm", "hosts_per_replica": 2}
PLACE = {"address": "10.0.0.1", "interface": "eth1"}


def complaints(pool: dict[str, object], *hosts: dict[str, Any]) -> list[str]:
    """Of one pool on hosts a, b … with this data."""
    found = [
        InventoryHost("abc"[n], "abc"[n], ("gpu_hosts",), data) for n, data in enumerate(hosts)
    ]
    inventory = Inventory(Path("/nowhere"), "small", tuple(found))
    pools = {"chat": Pool.model_validate(pool)}
    return [f"{one.path}: {one.found}" for one in group_complaints(inventory, pools)]


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ({"engine": "llamacpp"}, "vllm for tensor_parallel, hosts_per_replica"),
        ({"engine": "localai"}, "vllm for tensor_parallel, hosts_per_replica"),
        ({"gpus": 0}, "GPUs for vllm"),
        ({"gpu_layers": 3, "engine": "auto"}, "words of one engine"),
        ({"share_gpus": True}, "GPUs of its own"),
        ({"kind": "embeddings"}, "one host for a replica that writes no text"),
        ({"rollout": "surge"}, "no surge"),
        ({"vllm": {"drafts": {"tokens": 2}}}, "one host for a replica that drafts"),
        ({"hosts": ["a"]}, "as many hosts as one replica has, 2"),
        ({"hosts_per_replica": 0}, "greater than or equal to 1"),
        ({"hosts_per_replica": 17}, "less than or equal to 16"),
        ({"split_over_hosts": "experts"}, "'layers' or 'tensors'"),
    ],
)
def test_a_word_that_does_not_fit_several_hosts_is_refused(
    words: dict[str, object], fits: str
) -> None:
    with pytest.raises(ValidationError, match=fits):
        Pool.model_validate({**ON_TWO, **words})


def test_hosts_of_one_replica_need_a_network_that_both_know() -> None:
    other = {**PLACE, "address": "10.0.0.2"}
    assert complaints(ON_TWO, PLACE, other) == []
    assert complaints(ON_TWO, PLACE, {"address": "10.0.0.2"}) == ["b.interface: is missing"]
    assert complaints(ON_TWO, PLACE, {**PLACE, "address": "fd00::2"}) == ["b.address: fd00::2"]
    assert complaints({**ON_TWO, "hosts": ["a", "b"]}, PLACE, other, {}) == []


def test_one_replica_has_no_more_hosts_than_there_are() -> None:
    assert complaints(ON_TWO, PLACE) == ["pools.chat.hosts_per_replica: 2, and gpu_hosts are 1"]
