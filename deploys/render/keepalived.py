"""The files by which gateways share an address: keepalived's own, and what it asks."""

from collections.abc import Mapping

from deploys.plan.plan import HostPlan, Plan
from deploys.render.nginx_text import nginx_word
from deploys.render.templates import Render

CONFIGURATION = "gateways/keepalived.conf"
CHECK = "gateways/check-gateway"
# VRRP's largest for a router that does not own the address.
HIGHEST_PRIORITY = 254


def keepalived_files(plan: Plan, host: HostPlan, render: Render) -> dict[str, str]:
    """Path below compose/<environment>/<host>/ -> text; none without a shared address."""
    gateway = host.gateway
    if gateway is None or gateway.shared_address is None:
        return {}
    others = [one for one in plan.hosts if one.gateway is not None]
    values = {
        "environment": nginx_word(plan.environment),
        "host": nginx_word(host.name),
        "interface": nginx_word(host.interface),
        "address": gateway.address,
        "port": gateway.port,
        "admin_port": gateway.admin_port,
        "shared": gateway.shared_address.address,
        "router": gateway.shared_address.router,
        # In the inventory's order, so that the first one has it while all are well.
        "priority": HIGHEST_PRIORITY - [one.name for one in others].index(host.name),
        "peers": [one.gateway.address for one in others if one.gateway and one is not host],
    }
    return {path: render(f"compose/{path}.j2", values) for path in (CONFIGURATION, CHECK)}


def keepalived_digests(files: Mapping[str, str]) -> dict[str, str]:
    """sha256 of these files in a release's `files`, by the name that they have on the host."""
    return {
        path.rpartition("/")[2]: files[path] for path in (CONFIGURATION, CHECK) if path in files
    }
