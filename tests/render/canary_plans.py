"""Small plans whose pools have candidates."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import Plan
from tests.render.cloud_plans import small_cloud
from tests.render.plans import small_plan, small_pool

TESTERS: Mapping[str, Mapping[str, object]] = {
    "demo": {"key": "env:DEMO"},
    "ana": {"key": "env:ANA", "tester": True},
}


def canary_plan(candidate: Mapping[str, Any] | None = None, **canary: object) -> Plan:
    """Pool `chat` with the candidate `next.1`, of which something may be said."""
    words = {"candidate": "next.1", "session_header": "X-Session-Id", **canary}
    pools = (small_pool("chat", 2, canary=words), small_pool("next.1", **(candidate or {})))
    return small_plan(*pools, clients=TESTERS)


def cloud_canary_plan() -> Plan:
    """Pools `chat` and `secret`; `chat` has the cloud as its candidate, for the client `ana`."""
    pools = (small_pool("chat", 2, canary={"candidate": "cloud"}), small_pool("secret"))
    clients = {"demo": {"key": "env:DEMO"}, "ana": {"key": "env:ANA", "cloud": "fallback"}}
    plan = small_plan(*pools, clients=clients)
    cloud = CloudPlan(small_cloud(), {"chat": "fallback"}, {"ana": "fallback"})
    return replace(plan, cloud=cloud)
