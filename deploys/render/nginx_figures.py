"""What the gateway's nginx files say about its figures; nothing where nobody watches."""

from deploys.plan.plan import HostPlan, Plan
from deploys.settings.gateway import Gateway
from deploys.settings.words import bracketed

# nginx listens here for Prometheus, inside the container; the egress hop does for the gateway.
FIGURES_PORT = 8082
# Statuses, codes of refusals and buckets: under 100 numbers for each pool, of 128 bytes each.
ZONE_KIB = 64
ZONE_KIB_PER_POOL = 16


def figure_values(plan: Plan, gateway: Gateway) -> dict[str, object]:
    """What the templates fill in."""
    watched = plan.monitoring is not None
    return {
        "figures": watched,
        "figures_by_njs": watched and gateway.njs,
        "figures_zone_kib": ZONE_KIB + ZONE_KIB_PER_POOL * len(plan.pools),
    }


def published_figures(plan: Plan, host: HostPlan) -> str:
    """ADDRESS:PORT:8082 where another host watches; empty: only Docker's own network reaches it."""
    elsewhere = any(one.is_monitor and one.name != host.name for one in plan.hosts)
    if plan.monitoring is None or not elsewhere:
        return ""
    return f"{bracketed(host.address)}:{plan.monitoring.gateway_port}:{FIGURES_PORT}"
