"""Complaints about replicas on several hosts, which meet over the hosts' private network."""

import ipaddress
from collections.abc import Iterator, Mapping

from deploys.settings.inventory import Inventory, InventoryHost, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint


def group_complaints(inventory: Inventory, pools: Mapping[str, Pool]) -> list[Complaint]:
    """Too few hosts, and hosts of which nobody knows how the others reach them."""
    engines = [host for host in inventory.hosts if "gpu_hosts" in host.groups]
    joined = {name: pool for name, pool in sorted(pools.items()) if pool.hosts_per_replica > 1}
    found = [
        Complaint(
            origin(inventory, "pools", inventory.hosts[0].groups),
            f"pools.{name}.hosts_per_replica",
            f"{pool.hosts_per_replica}, and gpu_hosts are {len(engines)}",
            "more hosts, or fewer for one replica",
        )
        for name, pool in joined.items()
        if pool.hosts_per_replica > len(engines)
    ]
    allowed = {
        host.name: host
        for pool in joined.values()
        for host in engines
        if pool.hosts is None or host.name in pool.hosts
    }
    return [
        *found,
        *(one for _, host in sorted(allowed.items()) for one in _unreachable(inventory, host)),
    ]


def _unreachable(inventory: Inventory, host: InventoryHost) -> Iterator[Complaint]:
    why = "pools with hosts_per_replica may run there"
    if "interface" not in host.data:
        hint = f'{why}; the device of its address: ("{host.name}", {{"interface": "eth1"}})'
        yield Complaint(inventory.file, f"{host.name}.interface", "is missing", hint)
    try:
        address = ipaddress.ip_address(str(host.data.get("address", "127.0.0.1")))
    except ValueError:
        # Said where addresses are read.
        return
    if address.version != 4:
        hint = f"{why}, and the kit's rules for who may join are of IPv4"
        yield Complaint(inventory.file, f"{host.name}.address", f"{address}", hint)
