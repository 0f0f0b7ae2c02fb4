"""Complaints about the watch that only it and the hosts together can earn."""

from collections.abc import Mapping

from deploys.settings.gateway import Gateway
from deploys.settings.group_data import HostWords
from deploys.settings.inventory import Inventory, origin
from deploys.settings.refusal import Complaint
from deploys.settings.watch import Watch


def watch_complaints(
    inventory: Inventory,
    watch: Watch | None,
    hosts: Mapping[str, HostWords],
    gateway: Gateway,
) -> list[Complaint]:
    """Every one at once; none without a watch."""
    if watch is None:
        return []
    found = [
        Complaint(
            origin(inventory, "directory", host.groups),
            "directory",
            f"`{hosts[host.name].directory}` of {host.name} is relative, and systemd runs the "
            "watch from there",
            "an absolute path, or no `watch`",
        )
        for host in inventory.hosts
        if not hosts[host.name].directory.startswith("/")
    ]
    file = origin(inventory, "watch", inventory.hosts[0].groups)
    taken = _ports(hosts, gateway)
    if watch.port in taken:
        words = f"{watch.port} is {taken[watch.port]} too"
        found.append(Complaint(file, "watch.port", words, "a free one, such as 8999"))
    return found


def _ports(hosts: Mapping[str, HostWords], gateway: Gateway) -> dict[int, str]:
    """Ports that a host may listen on -> whose they are; engines' follow their first one."""
    found = {gateway.port: "gateway.port", gateway.admin_port: "gateway.admin_port"}
    for words in hosts.values():
        found[words.fleet_port] = "fleet_port"
        found.update(dict.fromkeys(range(words.engine_port, words.engine_port + 100), "engines'"))
        first = words.stand_in_port
        found.update(dict.fromkeys(range(first, first + 100), "stand-ins'"))
    return found
