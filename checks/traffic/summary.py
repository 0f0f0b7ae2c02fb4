"""Requests counted: in all, and by pool, replica, client, key, who answered and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.traffic.entry import Entry, read_entry
from checks.traffic.quantiles import Quantiles

SHARES = (0.5, 0.9, 0.95, 0.99)
# Beside these, names come from the environment and are few.
NOBODY, NO_POOL, NO_REPLICA, GATEWAY = "no valid key", "no pool", "none", "gateway"
# Addresses of replicas that are gone add up over weeks; nothing that clients send names a group.
MOST_GROUPS = 10_000
OTHERS = "others"


@dataclass
class Group:
    """Requests that belong together."""

    requests: int = 0
    sent_bytes: int = 0
    tokens: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    providers: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    cache: Counter[str] = field(default_factory=Counter)
    arms: Counter[str] = field(default_factory=Counter)
    cloud_arms: Counter[str] = field(default_factory=Counter)
    connect: Quantiles = field(default_factory=Quantiles)
    first_byte: Quantiles = field(default_factory=Quantiles)
    total: Quantiles = field(default_factory=Quantiles)

    @property
    def errors(self) -> int:
        """Requests that got an error, the client's own mistakes among them."""
        return sum(count for status, count in self.statuses.items() if status >= 400)

    def add(self, entry: Entry) -> None:
        """Counts one request."""
        self.requests += 1
        self.sent_bytes += entry.sent_bytes
        self.tokens += entry.tokens
        self.statuses[entry.status] += 1
        if entry.error:
            self.refusals[entry.error] += 1
        self.providers[entry.provider or GATEWAY] += 1
        if entry.reason:
            self.reasons[entry.reason] += 1
        if entry.cache:
            self.cache[entry.cache] += 1
        if entry.arm:
            self.arms[entry.arm] += 1
        if entry.cloud_arm:
            self.cloud_arms[entry.cloud_arm] += 1
        if entry.connect_seconds is not None:
            self.connect.add(entry.connect_seconds)
        if entry.first_byte_seconds is not None:
            self.first_byte.add(entry.first_byte_seconds)
        self.total.add(entry.total_seconds)

    def document(self) -> dict[str, Any]:
        """As JSON: seconds to three digits, shares of who answered from 0 to 1."""
        durations = {"connect": self.connect, "first_byte": self.first_byte, "total": self.total}
        return {
            "requests": self.requests,
            "errors": self.errors,
            "sent_bytes": self.sent_bytes,
            "tokens": self.tokens,
            "statuses": {str(status): self.statuses[status] for status in sorted(self.statuses)},
            "refusals": dict(sorted(self.refusals.items())),
            "shares": self._parts(self.providers),
            "reasons": dict(sorted(self.reasons.items())),
            "cache": dict(sorted(self.cache.items())),
            "arms": self._parts(self.arms),
            "cloud_arms": self._parts(self.cloud_arms),
            **{f"{name}_seconds": _percentiles(found) for name, found in durations.items()},
        }

    def _parts(self, counts: Counter[str]) -> dict[str, float]:
        """Of all its requests, from 0 to 1."""
        return {name: round(count / self.requests, 4) for name, count in sorted(counts.items())}


@dataclass
class Traffic:
    """All requests of some gateways, in memory that does not grow with their number."""

    all: Group = field(default_factory=Group)
    pools: dict[str, Group] = field(default_factory=dict)
    arms: dict[str, Group] = field(default_factory=dict)
    """Of pools with a candidate: POOL ARM."""
    replicas: dict[str, Group] = field(default_factory=dict)
    clients: dict[str, Group] = field(default_factory=dict)
    keys: dict[str, Group] = field(default_factory=dict)
    """Of clients that have several: an old one that nobody uses any more can go."""
    other_lines: int = 0
    """Lines that are no request, such as nginx's own words at a start."""

    def read(self, lines: Iterable[str], replicas: Mapping[str, str]) -> None:
        """Counts every line; `replicas` gives the name for the address that a line has."""
        for line in lines:
            entry = read_entry(line)
            if entry is None:
                self.other_lines += 1
                continue
            self.all.add(entry)
            _group(self.pools, entry.pool or NO_POOL).add(entry)
            if entry.arm:
                _group(self.arms, f"{entry.pool} {entry.arm}").add(entry)
            name = replicas.get(entry.replica, entry.replica) or NO_REPLICA
            _group(self.replicas, name).add(entry)
            _group(self.clients, entry.client or NOBODY).add(entry)
            if entry.key and entry.key != entry.client:
                _group(self.keys, entry.key).add(entry)


def _group(groups: dict[str, Group], name: str) -> Group:
    if name not in groups and len(groups) >= MOST_GROUPS:
        name = OTHERS
    return groups.setdefault(name, Group())


def _percentiles(found: Quantiles) -> dict[str, float | None]:
    rows = {f"p{100 * share:g}": found.at(share) for share in SHARES}
    return {name: None if value is None else round(value, 4) for name, value in rows.items()}
