"""keepalived on a gateway's host, and which addresses the host has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PLACE = "/etc/keepalived"
# Where each rendered file lies on the host, by its name in the release.
PLACES = {name: f"{PLACE}/{name}" for name in ("keepalived.conf", "check-gateway")}
SYSCTL = "/etc/sysctl.d/60-homeport-gateway.conf"
# Lets Docker publish the shared address on the host that does not have it now.
SYSCTL_TEXT = "net.ipv4.ip_nonlocal_bind = 1\n"

QUESTION = f"""
echo "installed=$(dpkg-query --show --showformat '${{db:Status-Status}}' keepalived 2>/dev/null)"
echo "active=$(systemctl is-active keepalived 2>/dev/null)"
echo "enabled=$(systemctl is-enabled keepalived 2>/dev/null)"
echo "nonlocal=$(cat /proc/sys/net/ipv4/ip_nonlocal_bind)"
echo "addresses=$(hostname -I)"
device=$(sed -n 's/^ *interface  *//p' {PLACE}/keepalived.conf 2>/dev/null)
[ -n "$device" ] && [ -e "/sys/class/net/$device" ] &&
    timeout 5 bash {PLACE}/check-gateway 2>/dev/null && echo fit=yes
sha256sum {" ".join(PLACES.values())} {SYSCTL} 2>/dev/null
true
"""


@dataclass(frozen=True)
class Keepalived:
    """One host as far as a shared address goes."""

    installed: bool = False
    active: bool = False
    enabled: bool = False
    """Whether it starts with the host."""
    nonlocal_bind: bool = False
    """Whether the kernel lets a process listen on an address that the host does not have."""
    addresses: tuple[str, ...] = ()
    fit: bool = False
    """Whether it could take the address: its device is there, and its gateway answers."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Absolute path -> sha256, of the kit's files that are there."""


def parse_keepalived(output: Iterable[str]) -> Keepalived:
    """Lines `key=value`, and those of sha256sum."""
    lines = list(output)
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    rows = [line.split() for line in lines if "=" not in line]
    return Keepalived(
        installed=values.get("installed") == "installed",
        active=values.get("active") == "active",
        enabled=values.get("enabled") == "enabled",
        nonlocal_bind=values.get("nonlocal") == "1",
        addresses=tuple(values.get("addresses", "").split()),
        fit=values.get("fit") == "yes",
        digests={row[1]: row[0] for row in rows if len(row) == 2},
    )


def keepalived_differences(
    wanted: Mapping[str, str], live: Keepalived
) -> list[tuple[str, str, str]]:
    """What, as committed, as it is: `wanted` has the sha256 of each rendered file by its name."""
    found = [
        ("keepalived", "installed", "missing") if not live.installed else None,
        ("keepalived", "active", "not active") if live.installed and not live.active else None,
        ("keepalived", "starts with the host", "does not") if not live.enabled else None,
        ("sysctl net.ipv4.ip_nonlocal_bind", "1", "0") if not live.nonlocal_bind else None,
        (f"file {SYSCTL}", "present", "missing") if SYSCTL not in live.digests else None,
    ]
    for name, sha256 in sorted(wanted.items()):
        there = live.digests.get(PLACES[name], "")
        if there != sha256:
            found.append((f"file {PLACES[name]}", sha256[:12], there[:12] or "missing"))
    return [one for one in found if one is not None]
