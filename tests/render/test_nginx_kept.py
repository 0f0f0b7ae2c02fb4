"""Which connections to engines are kept for the next answer, and for how long."""

import re

import pytest
import yaml

from deploys.plan.plan import Plan, Pool
from deploys.render.nginx_pools import KEPT_SECONDS
from tests.render.gateway_files import composed, gateway_files
from tests.render.gpu_plans import CHECKPOINT, VLLM, gpu_plan
from tests.render.plans import small_plan, small_pool

KEPT = small_pool("kept", engine="vllm")
CLOSED = small_pool("closed")


def upstreams(plan: Plan) -> dict[str, str]:
    """Name -> what stands in it."""
    pools = gateway_files(plan)["pools.conf"]
    return dict(re.findall(r"upstream (\S+) \{(.*?)\n\}", pools, re.DOTALL))


def told(*pools: Pool) -> str:
    """What engines are told of their connection, by the files."""
    text = gateway_files(small_plan(*pools))["engines.conf"]
    (value,) = re.findall(r"proxy_set_header Connection (\S+);", text)
    return str(value)


def test_an_idle_connection_is_closed_before_vllm_would_close_it() -> None:
    (block,) = upstreams(small_plan(KEPT)).values()
    assert re.findall(r"(keepalive\S*) (\S+);", block) == [
        ("keepalive", "64"),
        ("keepalive_timeout", "4s"),
        ("keepalive_time", "60s"),
    ]
    compose = yaml.safe_load(composed(gpu_plan(VLLM, CHECKPOINT))["gpu_hosts/compose.yaml"])
    (service,) = compose["services"].values()
    assert service["environment"]["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"] == "5"
    assert KEPT_SECONDS["vllm"] < 5


def test_llama_server_has_one_connection_for_each_answer() -> None:
    (block,) = upstreams(small_plan(CLOSED)).values()
    assert re.findall(r"(keepalive\S*) (\S+);", block) == [("keepalive", "0")]


def test_both_upstreams_of_a_pool_with_sessions_keep_connections() -> None:
    found = upstreams(small_plan(small_pool("kept", 2, engine="vllm", affinity={})))
    assert set(found) == {"pool_kept", "overflow_kept"}
    assert all("keepalive_timeout 4s;" in block for block in found.values())
    # nginx wants it behind the balancer.
    assert all(block.index("keepalive 64;") > block.index("server ") for block in found.values())


@pytest.mark.parametrize(
    ("pools", "value"),
    [((KEPT,), '""'), ((CLOSED,), "close"), ((KEPT, CLOSED), '""')],
)
def test_engines_are_told_that_a_connection_ends_where_no_pool_keeps_any(
    pools: tuple[Pool, ...], value: str
) -> None:
    assert told(*pools) == value
