"""What Docker's networks leave on this machine when they go without its knowing.

A daemon that is killed, or whose state is wiped, leaves bridges and rules of address translation
behind. A rule that names a bridge of the past has this machine speak for every host of the next
network on the same subnet: hosts that know each other by address then refuse each other.
"""

import re
import shlex
from collections.abc import Iterable

from tests.lab.machine import docker, need, run

# Docker's own names: the first twelve digits of the network's id. Nobody else's is touched.
_BRIDGE = re.compile(r"\bbr-([0-9a-f]{12})\b")


def clear_leftovers(subnet: str, interfaces: Iterable[str]) -> list[str]:
    """
    Removes what networks that Docker does not know any more have left of a subnet; what it was.

    + interfaces: those to which this machine routes the subnet
    """
    rules = run("iptables", "--table=nat", "--list-rules", check=False).stdout.splitlines()
    known = set(docker("network", "ls", "--quiet").split())
    old_rules = [one for one in rules if f" -s {subnet} " in one and _is_left(one, known)]
    old_bridges = [one for one in interfaces if _is_left(one, known)]
    for rule in old_rules:
        run("iptables", "--wait=5", "--table=nat", "--delete", *shlex.split(rule)[1:])
    for bridge in old_bridges:
        need("ip")
        run("ip", "link", "delete", bridge)
    return old_rules + old_bridges


def _is_left(words: str, known: set[str]) -> bool:
    bridge = _BRIDGE.search(words)
    return bridge is not None and bridge[1] not in known
