"""The tiers of gateways: as which client each is asked, and when its limits must have bitten."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from checks.committed import Committed
from checks.probes.gateway import Answer, Gateway
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.client import Client
from deploys.settings.tier import DEFAULT_BURST, Anonymous, Tier

# More would be a load test, and every one of them a line in the gateway's log.
MOST_REQUESTS = 200
MOST_AT_ONCE = 64
MOST_SECONDS = 5.0
# nginx counts in thousandths, and looks at its clock once for many events.
SLACK = 2
# For so long anybody may be without answers for a check's sake: one client library's retry.
HARMLESS_SECONDS = 2


@dataclass(frozen=True)
class Tiered:
    """One tier of a gateway, and the client as which its limits are met."""

    host: str
    name: str
    tier: Tier
    client: str
    is_tester: bool
    """Whether that client is there to try things; any other has users who want answers."""


@dataclass(frozen=True)
class Limited:
    """The same, with a way in."""

    tiered: Tiered
    gateway: Gateway
    """Asked as that client."""


@dataclass(frozen=True)
class Rate:
    """How nginx lets requests pass: so many at once, and then one after the other."""

    per_second: float
    burst: int

    def allowed(self, seconds: float) -> float:
        """How many at most may have passed so long after the first."""
        return self.burst + 1 + self.per_second * seconds


@dataclass(frozen=True)
class Insisted:
    """What became of the same request, again and again."""

    refusal: Answer | None
    """The 429; None: it never came."""
    number: int
    seconds: float
    is_beyond: bool
    """Whether more passed than any of the limits allows."""


def tiers(committed: Iterable[Committed]) -> list[Tiered]:
    """Every tier of every gateway that a client names: a tester's where one has it."""
    return [
        Tiered(one.host.name, name, tier, *_asking(one.release.gateway, name))
        for one in committed
        if one.release.gateway is not None and one.release.gateway.limits is not None
        for name, tier in one.release.gateway.limits.tiers.items()
    ]


def rates(limit: Tier | Anonymous) -> list[Rate]:
    """By second and by minute; nginx counts each of them by itself."""
    burst = DEFAULT_BURST if limit.burst is None else limit.burst
    seconds = limit.requests_per_second if isinstance(limit, Tier) else None
    both = ((seconds, 1), (limit.requests_per_minute, 60))
    return [Rate(number / unit, burst) for number, unit in both if number is not None]


def insist(ask: Callable[[], Answer], limits: Sequence[Rate]) -> Insisted:
    """Asks until it is refused, must have been, or would be load."""
    began, number, seconds, is_beyond = time.monotonic(), 0, 0.0, False
    while number < MOST_REQUESTS and seconds < MOST_SECONDS and not is_beyond:
        answer, number = ask(), number + 1
        seconds = time.monotonic() - began
        if answer.status == 429:
            return Insisted(answer, number, seconds, is_beyond=False)
        is_beyond = any(number > one.allowed(seconds) + SLACK for one in limits)
    return Insisted(None, number, seconds, is_beyond)


def in_reach(limits: Iterable[Rate]) -> bool:
    """Whether any of them can be met with few requests."""
    return any(one.allowed(0) + SLACK < MOST_REQUESTS for one in limits)


def locked_out_seconds(limit: Tier | Anonymous) -> float:
    """How long the next request is refused once a rate is used up."""
    return max((1 / one.per_second for one in rates(limit)), default=0)


def _asking(gateway: GatewayRelease, tier: str) -> tuple[str, bool]:
    def drawbacks(one: tuple[str, Client]) -> tuple[bool, str]:
        return not one[1].tester, one[0]

    of_it = ((name, client) for name, client in gateway.clients.items() if client.tier == tier)
    name, client = min(of_it, key=drawbacks)
    return name, client.tester
