"""Small plans with a cloud, made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import Plan, Pool
from deploys.settings.arm import Arm
from deploys.settings.cloud import Cloud
from tests.render.plans import small_plan, small_pool

PROVIDER_MODEL = "acme/large-2"
CLOUD: Mapping[str, Any] = {
    "provider": "acme",
    "base_url": "https://api.acme.test/openai/v1",
    "key": "env:ACME_KEY",
    "models": {"chat": PROVIDER_MODEL},
    "prices": {
        "date": "2026-11-01",
        "currency": "EUR",
        "models": {PROVIDER_MODEL: {"prompt": 2.0, "completion": 10.0}},
    },
    "budget": {"day": {"requests": 1000}, "month": {"requests": 10_000, "money": 50.0}},
}
CLIENTS: Mapping[str, Mapping[str, object]] = {
    "demo": {"key": "env:DEMO", "cloud": "fallback"},
    "safe": {"key": "env:SAFE", "sovereign": True},
}


def small_cloud(**changes: object) -> Cloud:
    """The provider `acme`, which stands in for the pool `chat`."""
    return Cloud.model_validate({**CLOUD, **changes})


def cloud_plan(
    *,
    gateway: Mapping[str, object] | None = None,
    arm: Arm = "fallback",
    authority_text: str = "",
    clients: Mapping[str, object] = CLIENTS,
    pool_words: Mapping[str, Any] | None = None,
    others: Sequence[Pool] = (),
    **changes: object,
) -> Plan:
    """Pools `chat`, which may leave, and `secret`, which may not; so may client `demo` alone.

    `pool_words`: of `chat`, such as `kind`; `others`: pools that stay, too.
    """
    pools = (small_pool("chat", 2, **(pool_words or {})), small_pool("secret", 1), *others)
    cloud = CloudPlan(small_cloud(**changes), {"chat": arm}, {"demo": arm}, authority_text)
    return replace(small_plan(*pools, gateway=gateway, clients=clients), cloud=cloud)
