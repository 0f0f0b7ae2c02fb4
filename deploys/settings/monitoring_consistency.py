"""Complaints about monitoring that only the inventory, pools and other ports together can earn."""

from collections.abc import Iterator, Mapping

from deploys.settings.cloud import Cloud
from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin
from deploys.settings.monitoring import Monitoring, is_public
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.validation import near_miss

# (path of the setting, what was found, what fits)
Finding = tuple[str, str, str]


def monitoring_complaints(
    inventory: Inventory,
    pools: Mapping[str, Pool],
    gateway: Gateway,
    cloud: Cloud | None,
    monitoring: Monitoring | None,
) -> list[Complaint]:
    """Every one at once."""
    monitors = [host.name for host in inventory.hosts if "monitors" in host.groups]
    if monitoring is None:
        hint = 'say how: monitoring = {"grafana_password": "env:GRAFANA_PASSWORD"}'
        found = "is missing, and there are monitors"
        return [Complaint(inventory.file, "monitoring", found, hint)] if monitors else []
    findings = [
        *_without_hosts(monitors),
        *_unknown_pools(pools, monitoring),
        *_doubled_ports(gateway, monitoring),
        *_closed_in(inventory, monitors, cloud),
        *_open_to_all(inventory),
    ]
    file = origin(inventory, "monitoring", inventory.hosts[0].groups)
    return [
        Complaint(file if path.startswith("monitoring.") else inventory.file, path, found, hint)
        for path, found, hint in findings
    ]


def _without_hosts(monitors: list[str]) -> Iterator[Finding]:
    if not monitors:
        yield "monitors", "names no host", "add `monitors = [...]`, or leave `monitoring` out"


def _unknown_pools(pools: Mapping[str, Pool], monitoring: Monitoring) -> Iterator[Finding]:
    for name in sorted(monitoring.objectives.keys() - pools.keys()):
        yield f"monitoring.objectives.{name}", f"`{name}` is no pool", near_miss(name, pools)


def _doubled_ports(gateway: Gateway, monitoring: Monitoring) -> Iterator[Finding]:
    """Roles may meet on one host."""
    taken = {gateway.port: "gateway.port", gateway.admin_port: "gateway.admin_port"}
    for word, port in monitoring.ports().items():
        other = taken.setdefault(port, f"monitoring.{word}")
        if other != f"monitoring.{word}":
            yield f"monitoring.{word}", f"{port} is {other} too", "give each a port of its own"


def _closed_in(inventory: Inventory, monitors: list[str], cloud: Cloud | None) -> Iterator[Finding]:
    """Beside an egress hop Docker's network has no way out (deploys/operations/fleet_way.py)."""
    if cloud is None or len(inventory.hosts) == 1:
        return
    for host in inventory.hosts:
        if host.name in monitors and "gateways" in host.groups:
            found = f"{host.name} is a gateway with a way to the cloud, and so has no other"
            yield "monitors", found, "a host that is no gateway: it must reach all others"


def _open_to_all(inventory: Inventory) -> Iterator[Finding]:
    """Exporters, figures and Grafana listen on a host's own address."""
    for host in inventory.hosts:
        address = str(host.data.get("address", "127.0.0.1"))
        try:
            public = is_public(address)
        except ValueError:
            # The host's own words say so.
            continue
        if public:
            found = f"{address} is one that everybody reaches, and figures ask for no password"
            yield f"{host.name}.address", found, "the host's address in a private network"
