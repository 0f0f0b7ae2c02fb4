"""The watch on a host: its units, whether they run, and when it looked last."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

UNITS = "/etc/systemd/system"
# The webhook's address, in a 0600 file.
ADDRESS = "secrets/watch"
# What the program imports beyond what Debian's python3-minimal has.
_PYTHON = "import http.client, json, ssl, urllib.request"


def unit_names(environment: str) -> tuple[str, ...]:
    """Every unit that a host may have of the watch of an environment."""
    name = f"homeport-watch-{environment}"
    return (f"{name}.timer", f"{name}.service", f"{name}.socket", f"{name}@.service")


def question(environment: str, directory: str, *, wanted: bool) -> str:
    """sh: what parse_watch reads. `wanted`: whether the host is to have it; a host that has none of
    it, and is to have none, is asked little.
    """
    names = unit_names(environment)
    files = " ".join(shlex.quote(f"{UNITS}/{name}") for name in names)
    started = " ".join(shlex.quote(names[number]) for number in (0, 2))
    state = shlex.quote(f"{directory}/state/watch/seen.json")
    python = f"python3 -I -c {shlex.quote(_PYTHON)} 2>/dev/null && echo python=yes"
    return f"""
if ls {files} 2>/dev/null | grep -q .; then
    for unit in {started}; do
        echo "active=$unit $(systemctl is-active "$unit" 2>/dev/null)"
        echo "enabled=$unit $(systemctl is-enabled "$unit" 2>/dev/null)"
    done
    echo "result=$(systemctl show --property Result --value {shlex.quote(names[1])} 2>/dev/null)"
fi
{python if wanted else ":"}
echo "looked=$(stat --format %Y {state} 2>/dev/null)"
echo "now=$(date +%s)"
sha256sum {files} {shlex.quote(f"{directory}/{ADDRESS}")} 2>/dev/null
true"""


@dataclass(frozen=True)
class WatchHost:
    """One host as far as its watch goes."""

    digests: Mapping[str, str] = field(default_factory=dict)
    """Unit's file -> sha256, of those that are there."""
    active: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()
    """Units that start with the host."""
    result: str = ""
    """How the last look ended, in systemd's words: `success`."""
    python: bool = False
    """Whether its python3 has what the program needs."""
    age_seconds: int | None = None
    """Since the last look ended; None: there was none."""
    secret: str = ""
    """sha256 of the webhook's address; empty: there is none, or not for this user."""


def parse_watch(output: Iterable[str]) -> WatchHost:
    """Lines `key=value`, and those of sha256sum."""
    values: list[tuple[str, str]] = []
    digests: dict[str, str] = {}
    for line in output:
        key, equals, value = line.partition("=")
        words = line.split()
        if equals:
            values.append((key, value.strip()))
        elif len(words) == 2:
            digests[words[1]] = words[0]
    one = dict(values)
    secret = next((path for path in digests if path.endswith(f"/{ADDRESS}")), "")
    looked, now = one.get("looked", ""), one.get("now", "")
    return WatchHost(
        digests={
            path.rpartition("/")[2]: sha256 for path, sha256 in digests.items() if path != secret
        },
        active=_units(values, "active"),
        enabled=_units(values, "enabled"),
        result=one.get("result", ""),
        python=one.get("python") == "yes",
        age_seconds=int(now) - int(looked) if looked.isdigit() and now.isdigit() else None,
        secret=digests.get(secret, ""),
    )


def _units(values: Iterable[tuple[str, str]], key: str) -> frozenset[str]:
    """Units whose word is the key's own: `active`, `enabled`."""
    rows = (value.split() for name, value in values if name == key)
    return frozenset(row[0] for row in rows if row[1:] == [key])


def watch_differences(
    wanted: Mapping[str, str], started: Sequence[str], live: WatchHost
) -> list[tuple[str, str, str]]:
    """What, as committed, as it is. `wanted`: unit -> sha256; none: nothing of it is to be there.

    `started`: the units that must run and start with the host.
    """
    found = []
    for unit in sorted({*wanted, *live.digests}):
        here, there = wanted.get(unit, ""), live.digests.get(unit, "")
        if here != there:
            found.append(
                (f"file {UNITS}/{unit}", here[:12] or "no such file", there[:12] or "missing")
            )
    for unit in started:
        if unit not in live.active:
            found.append((unit, "active", "not active"))
        if unit not in live.enabled:
            found.append((unit, "starts with the host", "does not"))
    return found
