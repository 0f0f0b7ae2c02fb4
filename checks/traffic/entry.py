"""One line of a gateway's access log (templates/nginx/log.conf.j2) as a value."""

import json
import re
from dataclasses import dataclass
from typing import Any

# nginx writes one value per try, separated by `, `, and by ` : ` where it began anew.
_BETWEEN_TRIES = re.compile(r" : |, ")


# The provider of what a replica has answered.
FLEET = "fleet"


@dataclass(frozen=True)
class Entry:
    """One request."""

    time: str
    """When it ended, as ISO 8601."""
    connection: str
    """nginx's number of the client's connection."""
    client: str
    """Empty: it had no valid key."""
    key: str
    """Which of the client's keys: CLIENT/KEY, or CLIENT where it has one; empty: not told."""
    pool: str
    """Empty: it named none."""
    replica: str
    """Address of the engine that was asked last; empty: none was."""
    provider: str
    """Who answered: `fleet`, or a cloud by its name; empty: the gateway itself."""
    reason: str
    """Why it was not who was asked first; empty where it was."""
    cache: str
    """`hit`, `miss` or `bypass`; empty: the pool keeps no answers."""
    arm: str
    """`candidate` or `stable`: which arm of the pool was asked last; empty: it has one."""
    drawn: str
    """The same, as its session was drawn; empty: a tester chose, or it has one."""
    cloud_arm: str
    """What its client and pool allow the cloud; empty: there is none."""
    status: int
    error: str
    """The code of the gateway's own answer; empty where an engine's was passed on."""
    sent_bytes: int
    tokens: int
    """What the answer said that it took; 0 where that was not read."""
    connect_seconds: float | None
    """Of the last try."""
    first_byte_seconds: float | None
    """From the first try to the answer's first byte; None without an answer."""
    total_seconds: float


def read_entry(line: str) -> Entry | None:
    """The entry in a line; None when it is none, which other programs' lines are not either."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
        return _entry(fields) if isinstance(fields, dict) else None
    except (ValueError, LookupError, TypeError):
        return None


def _entry(fields: dict[str, Any]) -> Entry:
    replica = str(fields["replica"])
    connects = _tries(fields["connect_seconds"])
    return Entry(
        time=str(fields["time"]),
        connection=str(fields["connection"]),
        client=str(fields["client"]),
        # What is not used, or not yet by the release that a gateway serves, is not logged.
        key=str(fields.get("key", "")),
        pool=str(fields["pool"]),
        replica=replica,
        provider=str(fields.get("provider", FLEET if replica else "")),
        reason=str(fields.get("reason", "")),
        cache=str(fields.get("cache", "")),
        arm=str(fields.get("arm", "")),
        drawn=str(fields.get("drawn", "")),
        cloud_arm=str(fields.get("cloud_arm", "")),
        status=int(fields["status"]),
        error=str(fields.get("error", "")),
        sent_bytes=int(fields["bytes"]),
        tokens=int(fields.get("tokens") or 0),
        connect_seconds=connects[-1] if connects else None,
        first_byte_seconds=_first_byte(fields),
        total_seconds=float(fields["seconds"]),
    )


def _first_byte(fields: dict[str, Any]) -> float | None:
    """What earlier tries took, and the last one to its first byte."""
    heard = _tries(fields["first_byte_seconds"])
    took = _tries(fields["upstream_seconds"])
    if not heard or heard[-1] is None:
        return None
    return sum(seconds or 0.0 for seconds in took[:-1]) + heard[-1]


def _tries(text: str) -> list[float | None]:
    """One value for each try, None for `-`."""
    words = _BETWEEN_TRIES.split(text) if text else []
    return [None if word == "-" else float(word) for word in words]
