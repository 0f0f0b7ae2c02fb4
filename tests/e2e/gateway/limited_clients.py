"""Clients of the gateway lab, each for one test, and how they ask."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.e2e.gateway_lab import CHAT, Lab
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http

TIERS = {
    "slow": {"requests_per_minute": 6, "burst": 2},
    "single": {"concurrent_requests": 1},
    "metered": {"tokens_per_minute": 100},
    "budget": {"tokens_per_day": 100},
    "strict": {
        "requests_per_minute": 6,
        "burst": 3,
        "concurrent_requests": 1,
        "tokens_per_day": 9,
    },
}
TIER_OF = {
    "slow": ("slow-1", "slow-2", "slow-3"),
    "single": ("single-1", "single-2"),
    "metered": ("metered-1",),
    "strict": ("strict-1", "strict-2"),
    "budget": (
        *(f"budget-{number}" for number in range(1, 7)),
        *("patient-stream", "patient-whole", "bound-1"),
    ),
}
CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    **{
        name: {
            "tier": tier,
            "keys": {"a": {"key": f"file:{name}-a"}, "b": {"key": f"file:{name}-b"}},
        }
        for tier, names in TIER_OF.items()
        for name in names
    },
}


def ask(lab: Lab, client: str, key: str = "a", **words: object) -> httpx.Response:
    """One chat completion of a client."""
    body = {"model": "chat", "messages": [], **words}
    return lab.chat(body, headers={"Authorization": f"Bearer {client}-{key}"})


@contextmanager
def streaming(lab: Lab, key: str, **words: object) -> Iterator[Iterator[str]]:
    """A stream that has begun; broken off where the block ends."""
    body = {"model": "chat", "stream": True, **words}
    headers = {"Authorization": f"Bearer {key}"}
    with plain_http.stream(
        "POST", lab.url + CHAT, json=body, headers=headers, timeout=15
    ) as answer:
        pieces = answer.iter_text()
        next(pieces)
        yield pieces
