"""What the gateway's nginx files say about the cloud; nothing of it where there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from deploys.plan.cloud import ARMS, CloudPlan
from deploys.plan.plan import Plan, Pool
from deploys.render.nginx_routes import PATHS, connect_timeout_ms, retry_window_ms, silences_of
from deploys.render.nginx_text import nginx_word
from deploys.settings.canary import CLOUD
from deploys.settings.gateway import Gateway

# No embeddings and no reranking: another model's vectors poison an index.
CLOUD_PATHS = PATHS["generation"]
ARMED = ARMS[1:]
# What the egress hop may take to get through to a provider: ten seconds each for TCP and TLS.
THROUGH_SECONDS = 20
# Why a request goes there: in the word of the error page that it would have got, or a share.
REASONS = ("unavailable", "broken_off", "timed_out", "share")

Values = dict[str, object]


@dataclass(frozen=True)
class Way:
    """Replicas first, and then the cloud where there is a page, for requests of one kind."""

    location: str
    silence: str
    """What $silence_route is for them."""
    stream: str
    """`yes` where they want one."""
    seconds: int | None
    """The longest silence; None: the gateway's."""
    page: str
    """The variable that says what becomes of those without an answer; empty: they stay."""


def cloud_values(plan: Plan, gateway: Gateway) -> Values:
    """What the templates fill in: `cloud` is None where there is none."""
    cloud = plan.cloud
    if cloud is None:
        return {"cloud": None, "shares": False}
    ways = list(cloud_ways(plan, gateway))
    candidates = [pool.routing.canary.candidate for pool in plan.pools if pool.routing.canary]
    found: Values = {
        "provider": nginx_word(cloud.settings.provider),
        "clients": [(nginx_word(name), arm) for name, arm in cloud.clients.items()],
        "pools": [(nginx_word(name), arm) for name, arm in cloud.pools.items()],
        "open_classes": [nginx_word(name) for name in cloud.settings.open_classes],
        "share_percent": f"{cloud.settings.share_percent or 0:.2f}",
        "arms": list(_arms(cloud)),
        "tells_streams": any(way.stream for way in ways),
        "routes": list(_routes(cloud, ways)),
        "ways": list({way.location: filled(way) for way in ways}.values()),
        "paths": CLOUD_PATHS,
        "silence_seconds": gateway.first_byte_seconds + THROUGH_SECONDS,
        "reasons": (*REASONS, *(["canary"] if CLOUD in candidates else [])),
        "asks_late_streams_again": cloud.settings.first_byte_seconds is not None,
    }
    return {"cloud": found, "shares": cloud.shares}


def _arms(cloud: CloudPlan) -> Iterator[tuple[str, str]]:
    """Arms of client and pool, and whether the class is open and the request in the share."""
    for client, pool in product(ARMED, ARMED):
        arm = min(client, pool, key=ARMS.index)
        if not cloud.shares:
            if arm == "fallback":
                yield f"{client}|{pool}|yes", arm
            continue
        yield f"{client}|{pool}|yes|", "fallback"
        yield f"{client}|{pool}|yes|yes", arm


def _routes(cloud: CloudPlan, ways: list[Way]) -> Iterator[tuple[str, str]]:
    """Arm, time-outs of the pool and whether a stream is wanted -> location."""
    for way in ways:
        yield f"fallback|{way.silence}|{way.stream}", way.location
        if cloud.shares:
            yield f"share|{way.silence}|{way.stream}", "share"


def cloud_ways(plan: Plan, gateway: Gateway) -> Iterator[Way]:
    """Every way to the cloud that begins at replicas; none where there is no cloud."""
    cloud = plan.cloud
    if cloud is None:
        return
    armed = [pool for pool in plan.pools if pool.name in cloud.pools]
    own = [pool for pool in armed if silences_of(pool, gateway) is not None]
    late = cloud.settings.first_byte_seconds
    yield Way("fallback", "", "", None, "fallback_page")
    if late is not None:
        seconds = min(late, gateway.first_byte_seconds)
        yield Way("fallback_stream", "", "yes", seconds, "late_stream_page")
    elif any(silences_of(pool, gateway) is not None for pool in plan.pools):
        yield Way("fallback", "", "yes", None, "fallback_page")
    for pool in own:
        yield from _of_the_pool(pool, late, gateway)


def _of_the_pool(pool: Pool, late: int | None, gateway: Gateway) -> Iterator[Way]:
    """For a pool with time-outs of its own: whole answers, and streams."""
    whole, stream = silences_of(pool, gateway) or (0, 0)
    name = nginx_word(pool.name)
    yield Way(f"fallback_whole_{name}", f"@whole_{name}", "", whole, "fallback_page")
    silence = f"@{'whole' if stream == whole else 'stream'}_{name}"
    page = "fallback_page" if late is None else "late_stream_page"
    seconds = stream if late is None else min(stream, late)
    yield Way(f"fallback_stream_{name}", silence, "yes", seconds, page)


def filled(way: Way) -> Values:
    """What a location of it shows."""
    seconds = way.seconds
    return {
        "location": way.location,
        "page": way.page,
        "seconds": seconds,
        "retry_window_ms": retry_window_ms(seconds) if seconds else 0,
        "connect_timeout_ms": connect_timeout_ms(seconds) if seconds else 0,
    }
