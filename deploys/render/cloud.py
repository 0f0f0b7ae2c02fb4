"""What the gateway's nginx files say about the cloud; nothing of it where there is none."""

from collections.abc import Callable, Iterator
from itertools import product

from deploys.plan.cloud import ARMS, CloudPlan
from deploys.render.nginx_text import nginx_word

# No embeddings and no reranking: another model's vectors poison an index.
CLOUD_PATHS = ("/v1/chat/completions", "/v1/completions")
ARMED = ARMS[1:]
# Why a request goes there: in the word of the error page that it would have got, or a share.
REASONS = ("unavailable", "broken_off", "timed_out", "share")

Values = dict[str, object]


def cloud_concerns(cloud: CloudPlan | None) -> tuple[str, ...]:
    """The rendered files that only an environment with a cloud has."""
    if cloud is None:
        return ()
    shared = ("share.conf",) if cloud.shares else ()
    return ("cloud.conf", "cloud_routes.conf", "to_egress.conf", *shared)


def cloud_scripts(cloud: CloudPlan | None) -> tuple[str, ...]:
    """Its njs module, where anything depends on what a body says about streaming."""
    return ("cloud.js",) if cloud is not None and cloud.settings.first_byte_seconds else ()


def cloud_values(
    cloud: CloudPlan | None,
    retry_window_ms: Callable[[int], int],
    connect_timeout_ms: Callable[[int], int],
) -> Values | None:
    """What the templates fill in; None where there is no cloud."""
    if cloud is None:
        return None
    seconds = cloud.settings.first_byte_seconds
    return {
        "provider": nginx_word(cloud.settings.provider),
        "clients": [(nginx_word(name), arm) for name, arm in cloud.clients.items()],
        "pools": [(nginx_word(name), arm) for name, arm in cloud.pools.items()],
        "open_classes": [nginx_word(name) for name in cloud.settings.open_classes],
        "shares": cloud.shares,
        "share_percent": f"{cloud.settings.share_percent or 0:.2f}",
        "arms": list(_arms(cloud)),
        "routes": list(_routes(cloud)),
        "paths": CLOUD_PATHS,
        "reasons": REASONS,
        "first_byte_seconds": seconds,
        "retry_window_ms": retry_window_ms(seconds) if seconds else 0,
        "connect_timeout_ms": connect_timeout_ms(seconds) if seconds else 0,
    }


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


def _routes(cloud: CloudPlan) -> Iterator[tuple[str, str]]:
    """Arm, where it matters whether a stream is wanted, and path -> location."""
    timed = cloud.settings.first_byte_seconds is not None
    for path, stream in product(CLOUD_PATHS, ("", "yes") if timed else ("",)):
        words = f"{stream}|{path}" if timed else path
        yield f"fallback|{words}", f"@{'streamed' if stream else 'fallback'}{path}"
        if cloud.shares:
            yield f"share|{words}", f"@share{path}"
