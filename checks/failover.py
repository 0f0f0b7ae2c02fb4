"""Kills one replica while requests run, and says what became of them and of it."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from checks.committed import Replica
from checks.fleet import Fleet
from checks.probes import deaths
from checks.probes.containers import Container
from checks.probes.deaths import Seen
from checks.replica_addresses import replica_at, replicas_by_address
from checks.steady_requests import Request
from checks.verdict import none_of, require
from deploys.settings.inventory import InventoryHost

# Until every replica has answered some; what a gateway left out lately is back after 5 s.
BEFORE_SECONDS = 8.0
# Docker waits 100 ms before it starts what has ended, and longer only where that happens often.
STAYS_DOWN_SECONDS = 15.0
# Beyond the time that its own health check gives it to load.
HEALTHY_SECONDS = 60.0
# nginx leaves out for 5 s who has refused it, and asks Docker for addresses every few seconds.
AGAIN_SECONDS = 30.0
LOOK_SECONDS = 0.3


@dataclass(frozen=True)
class Place:
    """What it is tried on."""

    fleet: Fleet
    replicas: Sequence[Replica]
    """Of one pool; each is healthy."""
    gateways: Sequence[str]


@dataclass(frozen=True)
class Death:
    """What was seen."""

    replica: Replica
    container: Container
    requests: int
    """That began after it died."""
    failed: Sequence[Request]
    """Of those."""
    cut: int
    """Requests that were under way then, and failed."""
    meanwhile: int
    """Requests that began until it was healthy again."""
    others: Sequence[str]
    """Replicas that have answered those."""
    is_back: bool
    seconds: float
    """From its death until it was healthy again, or that was given up."""
    silent: Sequence[str]
    """Gateways that give it no request since."""

    def __str__(self) -> str:
        cut = f"; {self.cut} that were under way there were lost" if self.cut else ""
        return (
            f"{self.replica.name} died for {self.seconds:.1f} s: {self.requests} requests began "
            f"since, and {len(self.failed)} failed{cut}"
        )


def tried(place: Place, requests: Sequence[Request]) -> Death:
    """`requests` grows meanwhile. Skips the check where the host lets nobody kill."""
    replica = _victim(place, requests)
    committed = place.fleet.committed[replica.host]
    container = place.fleet.live(replica.host).engines(committed.release)[replica.name]
    before = deaths.look(committed.host, container.id)
    try:
        if not deaths.kill(committed.host, container.id):
            pytest.skip(f"{replica.host} gives no root to end a process of {replica.name}")
        died = time.monotonic()
        limit_seconds = _start_seconds(place.fleet, replica) + HEALTHY_SECONDS
        now = _back(committed.host, container.id, before, limit_seconds)
        seconds = time.monotonic() - died
        silent = _silent(place, requests, now.addresses, replica) if now.serves else []
    finally:
        deaths.start(committed.host, container.id)
    names = {**replicas_by_address(place.fleet), **dict.fromkeys(now.addresses, replica.name)}
    return Death(
        replica=replica,
        container=container,
        is_back=now.serves,
        seconds=seconds,
        silent=silent,
        **_lost(tuple(requests), died),
        **_others(tuple(requests), (died, died + seconds), replica, names),
    )


def _lost(requests: Sequence[Request], died: float) -> dict[str, Any]:
    since = [one for one in requests if one.began > died]
    failed = [one for one in requests if one.status != 200]
    return {
        "requests": len(since),
        "failed": [one for one in failed if one.began > died],
        "cut": sum(one.began <= died for one in failed),
    }


def _others(
    requests: Sequence[Request], dead: tuple[float, float], replica: Replica, names: dict[str, str]
) -> dict[str, Any]:
    meanwhile = [one for one in requests if dead[0] < one.began < dead[1]]
    answered = {replica_at(one.replica, names) for one in meanwhile if one.status == 200}
    return {"meanwhile": len(meanwhile), "others": sorted(answered - {replica.name, ""})}


def _victim(place: Place, requests: Sequence[Request]) -> Replica:
    """Whoever answers most: its death is felt. Fails where requests fail already."""
    names = replicas_by_address(place.fleet)
    wanted = {one.name for one in place.replicas}
    give_up = time.monotonic() + BEFORE_SECONDS
    answered: Counter[str] = Counter()
    while time.monotonic() < give_up and not wanted <= answered.keys():
        time.sleep(LOOK_SECONDS)
        answered = Counter(
            replica_at(one.replica, names) for one in tuple(requests) if one.status == 200
        )
    ill = {f"{one.gateway}: {one.status}: {one.said}" for one in requests if one.status != 200}
    none_of(sorted(ill), "requests fail already, nothing was killed", "see check_gateway")
    found = [one for one in place.replicas if one.name in answered]
    require(found, "no replica of the pool answers", "see check_gateway")
    return max(found, key=lambda one: answered[one.name])


def _start_seconds(fleet: Fleet, replica: Replica) -> float:
    """What its health check gives it to load, as Compose writes it."""
    service = fleet.committed[replica.host].services[replica.name]
    words = str(service.get("healthcheck", {}).get("start_period", "0s"))
    return float(words.removesuffix("s"))


def _back(host: InventoryHost, container: str, before: Seen, limit_seconds: float) -> Seen:
    """Its state once it serves under another start, or when that is given up."""
    began = time.monotonic()
    while True:
        now, waited = deaths.look(host, container), time.monotonic() - began
        is_new = now.started != before.started
        if (now.serves and is_new) or waited > limit_seconds:
            return now if is_new else Seen()
        if now.status in ("exited", "dead", "") and waited > STAYS_DOWN_SECONDS:
            return now
        time.sleep(LOOK_SECONDS)


def _silent(
    place: Place, requests: Sequence[Request], addresses: Sequence[str], replica: Replica
) -> list[str]:
    """Gateways from which nothing reaches it, for as long as they may take."""
    names = {**replicas_by_address(place.fleet), **dict.fromkeys(addresses, replica.name)}
    healthy = time.monotonic()
    silent = set(place.gateways)
    while silent and time.monotonic() < healthy + AGAIN_SECONDS:
        time.sleep(LOOK_SECONDS)
        silent -= {
            one.gateway
            for one in tuple(requests)
            if one.began > healthy and replica_at(one.replica, names) == replica.name
        }
    return sorted(silent)
