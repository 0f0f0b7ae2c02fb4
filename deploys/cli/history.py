"""What the hosts of an environment keep, asked for the verbs that look back or go back."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from checks.probes.history import History, read_all
from checks.probes.host import Unreachable
from deploys.settings.inventory import Inventory, InventoryHost
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss


def limited(inventory: Inventory, limit: str) -> tuple[InventoryHost, ...]:
    """The host called `limit`, or all; raises Refused, where pyinfra's own --limit exits 0."""
    if not limit:
        return inventory.hosts
    hosts = {host.name: host for host in inventory.hosts}
    if limit not in hosts:
        complaint = Complaint(
            inventory.file, "--limit", f"there is no host `{limit}`", near_miss(limit, hosts)
        )
        raise Refused([complaint])
    return (hosts[limit],)


def histories(
    hosts: Sequence[InventoryHost], root: Path
) -> tuple[Mapping[str, History], Sequence[Unreachable]]:
    """Histories by host and the hosts that gave no answer; those are told on stderr."""
    found = read_all(hosts, root)
    lost = [one for one in found.values() if isinstance(one, Unreachable)]
    for unreachable in lost:
        print(f"error: {unreachable}", file=sys.stderr)
    return {name: one for name, one in found.items() if isinstance(one, History)}, lost
