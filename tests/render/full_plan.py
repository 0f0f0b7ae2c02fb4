"""A plan that asks a gateway for all that it can do, at once."""

from dataclasses import replace

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import Plan
from deploys.settings.arm import Arm
from deploys.settings.monitoring import Monitoring
from tests.render.cloud_plans import PROVIDER_MODEL, small_cloud
from tests.render.plans import LIMITED_CLIENTS, SEEING, TIERS, TLS, small_plan, small_pool

# Settings refuse to keep answers of a pool that has a candidate; its files must be right without.
POOLS = (
    small_pool(
        "chat.1",
        2,
        waiting_requests=8,
        affinity={"header": "X-Session-Id"},
        answer_cache="by_client",
        canary={"candidate": "cloud"},
    ),
    small_pool(
        "embed",
        kind="embeddings",
        aliases=("text-embedding-3-small",),
        answer_cache="across_clients",
    ),
    small_pool(
        "patient",
        model=SEEING,
        first_byte_seconds=1200,
        stream_silence_seconds=90,
        answer_cache="by_client",
        canary={"candidate": "patient.2", "shadow": {"percent": 20}},
    ),
    small_pool("patient.2", first_byte_seconds=600, stream_silence_seconds=60),
    small_pool("rank", kind="reranking", stream_silence_seconds=30),
)


def full_plan(**gateway: object) -> Plan:
    """The limited plan with pools of every kind; two may leave, two have a candidate."""
    clients = {**LIMITED_CLIENTS, "team-a": {**LIMITED_CLIENTS["team-a"], "cloud": "share"}}
    plan = small_plan(*POOLS, gateway={"tiers": TIERS, "tls": TLS, **gateway}, clients=clients)
    settings = small_cloud(
        models={"chat.1": PROVIDER_MODEL, "patient": PROVIDER_MODEL},
        share_percent=12.5,
        first_byte_seconds=20,
        open_classes=("public",),
    )
    arms: dict[str, Arm] = {"chat.1": "share", "patient": "fallback"}
    watch = Monitoring(grafana_password="env:GRAFANA_PASSWORD")
    cloud = CloudPlan(settings, arms, {"team-a": "share"})
    images = {**plan.images, "node_exporter": "node-exporter"}
    return replace(plan, cloud=cloud, monitoring=watch, images=images)
