"""Who may join a replica on several hosts: its own hosts, and nobody else.

torch.distributed asks nobody for a name. Where a group meets is one port; what its processes open
for each other besides is picked by the kernel, so new connections to all of that range are for the
group's hosts alone. The rules come first in INPUT, whatever else the host's firewall says there.
"""

import ipaddress
from collections.abc import Generator, Iterator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.once import once
from deploys.operations.firewall_unit import Chain, chain_name, gone, in_force, unit_file
from deploys.operations.host_script import refuse
from deploys.render.release import GroupAccess

Commands = Generator[StringCommand, None, None]

_IPTABLES = "/usr/sbin/iptables --wait 5"
_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"


@operation()
def closed_to_others(environment: str, groups: GroupAccess | None) -> Commands:
    """
    Have a host let in the other hosts of its groups where those meet, and nobody else.

    + environment: whose groups they are
    + groups: those of this host; None where it has none (any more)
    """
    unit, system = unit_name(environment), once(host, DockerHost)
    sudo = system.uid != 0
    if groups is None:
        yield from gone(unit, "no replica is on several hosts", sudo=sudo)
        return
    if not system.may_become_root:
        yield refuse(
            "keeping strangers out of a replica on several hosts needs root", "run as root"
        )
        return
    text = unit_text(environment, groups)
    yield from in_force(unit, text, "its groups are closed to others", sudo=sudo)


def unit_name(environment: str) -> str:
    """The systemd unit that sets the rules at each start of the host."""
    return f"homeport-{environment}-group.service"


def unit_path(environment: str) -> str:
    """Its file."""
    return unit_file(unit_name(environment))


def unit_text(environment: str, groups: GroupAccess) -> str:
    """The unit; its rules lie in a chain of their own, and go with it."""
    chain = Chain(_IPTABLES, chain_name("HOMEPORT-G", environment), "INPUT")
    lines = [
        "# From deploys/operations/group_way.py, written by `homeport apply`.",
        "[Unit]",
        f"Description=who may join homeport's replicas of {environment} on several hosts",
        "After=network-online.target",
        # Containers of groups start with the host.
        "Before=docker.service",
        *chain.lines(list(_rules(chain.name, groups)), lead="--insert"),
    ]
    return "\n".join(lines) + "\n"


def _rules(chain: str, groups: GroupAccess) -> Iterator[str]:
    """Peers in and all others out, port by port; what a host began itself is no new connection."""
    add, own = f"{_IPTABLES} --append {chain}", ipaddress.IPv4Address(groups.address)
    yield f"{add} --in-interface lo --jump RETURN"
    for ports in (*map(str, groups.master_ports), "$$1:$$2"):
        rule = f"{add} --destination {own} --protocol tcp --syn --dport {ports}"
        peers = sorted(ipaddress.IPv4Address(one) for one in groups.peers)
        yield from (_shell(f"{rule} --source {one} --jump ACCEPT") for one in peers)
        yield _shell(f"{rule} --jump REJECT --reject-with tcp-reset")


def _shell(rule: str) -> str:
    """With the range from which the kernel of this host picks ports, where a rule asks for it.

    Not by the shell's own `read`: dash takes a byte at a time, and the kernel tells such a file in
    one piece or not at all. "3" was read of "32768 60999", and all ports from 3 on were closed.
    """
    if "$$1" not in rule:
        return rule
    return f"/bin/sh -c 'set -- $$(cat {_RANGE}) && [ $$# = 2 ] && exec {rule}'"
