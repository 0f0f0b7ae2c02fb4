"""The lab's network: one /24 of 198.18.0.0/15, which RFC 2544 keeps for trying out network devices.

Docker takes its own networks from 172.16.0.0/12 and 192.168.0.0/16, on this machine and on the
lab's hosts, and nobody's site or the Internet routes 198.18.0.0/15: nothing can clash. The subnet
follows from the lab's name, so a lab's addresses are the same every time.
"""

import ipaddress
import zlib
from pathlib import Path

from tests.lab.labels import label_options, resource
from tests.lab.leftovers import clear_leftovers
from tests.lab.machine import LabError, docker

LABS = ipaddress.IPv4Network("198.18.0.0/15")
REGISTRY_NUMBER = 2
FIRST_HOST_NUMBER = 11


def aliases(name: str) -> tuple[str, str]:
    """What a machine is called in the lab: NAME for hosts, NAME.lab for the containers on them."""
    # A host's own Docker does not pass on a query for a name without a dot.
    return name, f"{name}.lab"


def place_options(network: str, place: str, name: str) -> tuple[str, ...]:
    """Options of docker create that give a machine its address and its names."""
    called = (f"--network-alias={alias}" for alias in aliases(name))
    return (f"--network={network}", f"--ip={place}", *called)


def subnet(lab: str) -> ipaddress.IPv4Network:
    """The /24 of a lab."""
    number = zlib.crc32(lab.encode()) % 512
    return ipaddress.IPv4Network((int(LABS.network_address) + number * 256, 24))


def address(lab: str, number: int) -> str:
    """The lab's address with this last byte."""
    return str(subnet(lab)[number])


def ensure_network(lab: str) -> str:
    """Has the lab's network; its name. Refused where this machine already routes the subnet."""
    name, wanted = resource(lab, "network"), subnet(lab)
    if docker("network", "inspect", "--format", "{{.Id}}", name, check=False):
        return name
    clear_leftovers(str(wanted), [interface for interface, _ in _routes_into(wanted)])
    taken = _routes_into(wanted)
    if taken:
        raise LabError(
            f"this machine routes {taken[0][1]}, and lab {lab} wants {wanted}",
            "choose another --name",
        )
    gateway = f"--gateway={address(lab, 1)}"
    docker("network", "create", f"--subnet={wanted}", gateway, *label_options(lab), name)
    return name


def _routes_into(wanted: ipaddress.IPv4Network) -> list[tuple[str, ipaddress.IPv4Network]]:
    """Interface and destination of this machine's routes into a subnet, but for the default one.

    /proc/net/route has hexadecimal numbers, little endian.
    """
    found = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        columns = line.split()
        destination, mask = (bytes.fromhex(columns[place])[::-1] for place in (1, 7))
        whole = f"{ipaddress.IPv4Address(destination)}/{ipaddress.IPv4Address(mask)}"
        route = ipaddress.IPv4Network(whole, strict=False)
        if any(mask) and route.overlaps(wanted):
            found.append((columns[0], route))
    return found
