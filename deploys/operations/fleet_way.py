"""The way of a gateway's containers to engines on other hosts, where all other ways are closed.

Beside an egress hop the gateway's network does not masquerade: an answer from elsewhere does not
find its way back into it. Engines on other hosts do answer through these rules, and nobody else. If
the rules are missing, after a reboot or by mistake, the gateway reaches less and never more.
"""

import ipaddress
from collections.abc import Generator, Iterable

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.compose import NetworkLetsOut
from deploys.facts.docker import DockerHost
from deploys.facts.once import once
from deploys.operations.firewall_unit import Chain, chain_name, gone, in_force, unit_file
from deploys.operations.host_script import refuse

Commands = Generator[StringCommand, None, None]

_IPTABLES = "/usr/sbin/iptables --wait 5 --table nat"


@operation()
def open_to(environment: str, network: str, engines: list[str], closed: bool) -> Commands:
    """
    Have the gateway's containers reach engines on other hosts, where their network is closed.

    + environment: whose gateway it is
    + network: the Docker network of gateway and engines
    + engines: ADDRESS:PORT of each engine on another host
    + closed: whether the network is closed if this run makes it

    A network stays as it was made, also when there is no cloud any more; one that is open needs no
    rules, and what is left of them is removed.
    """
    unit, system = unit_name(environment), once(host, DockerHost)
    sudo = system.uid != 0
    lets_out = once(host, NetworkLetsOut, network=network)
    if not engines or (not closed if lets_out is None else lets_out):
        yield from gone(unit, "no rules of the kit are there", sudo=sudo)
        return
    if not system.may_become_root:
        yield refuse("the gateway's way to engines on other hosts needs root", "run as root")
        return
    right = "the gateway reaches the engines on other hosts"
    yield from in_force(unit, unit_text(environment, engines), right, sudo=sudo)


@operation()
def given_up(environment: str) -> Commands:
    """
    Have no rules of the kit for an environment.

    + environment: whose gateway it was
    """
    sudo = once(host, DockerHost).uid != 0
    yield from gone(unit_name(environment), "no rules of the kit are there", sudo=sudo)


def unit_name(environment: str) -> str:
    """The systemd unit that sets the rules at each start of the host."""
    return f"homeport-{environment}-fleet.service"


def unit_path(environment: str) -> str:
    """Its file."""
    return unit_file(unit_name(environment))


def unit_text(environment: str, engines: Iterable[str]) -> str:
    """The unit; its rules lie in a chain of their own, and go with it."""
    chain = Chain(_IPTABLES, chain_name("HOMEPORT", environment), "POSTROUTING")
    rules = [
        f"{_IPTABLES} --append {chain.name} --destination {address} --protocol tcp "
        f"--dport {port} --jump MASQUERADE"
        for address, port in sorted(_split(one) for one in engines)
    ]
    lines = [
        "# From deploys/operations/fleet_way.py, written by `homeport apply`.",
        "[Unit]",
        f"Description=the way of homeport's gateway of {environment} to engines on other hosts",
        "After=network-online.target docker.service",
        *chain.lines(rules, lead="--append"),
    ]
    return "\n".join(lines) + "\n"


def _split(endpoint: str) -> tuple[str, int]:
    """Docker's networks of the kit speak IPv4; raises ValueError for what is no such address."""
    address, _, port = endpoint.rpartition(":")
    return str(ipaddress.IPv4Address(address)), int(port)
