"""Pools whose answers a gateway keeps, and how tests ask them for what is kept."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.e2e.gateway_lab import CHAT, Lab, docker
from tests.e2e.gateway_tree import KEY
from tests.e2e.routing_pools import same_replicas
from tests.lab import plain_http

EMBEDDINGS = "/v1/embeddings"
# Whom failures have taken out of one pool is still in the others.
FAILING = tuple(f"fails-{number}" for number in range(1, 8))
POOLS = (
    *(same_replicas(name, answer_cache="by_client") for name in FAILING),
    same_replicas("chat", answer_cache="by_client"),
    same_replicas("embed", kind="embeddings", answer_cache="across_clients"),
    same_replicas(
        "patient", answer_cache="by_client", first_byte_seconds=8, stream_silence_seconds=1
    ),
    same_replicas("plain"),
)
CACHE = {"seconds": 600, "disk_mib": 1, "memory_mib": 1, "body_kib": 4}
TIERS = {
    "counted": {"tokens_per_day": 50},
    "slow": {"requests_per_minute": 1, "burst": 1},
}
CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    "other": {"key": "file:sk-other"},
    "counted": {"key": "file:sk-counted", "tier": "counted"},
    "slow": {"key": "file:sk-slow", "tier": "slow"},
}
WORDS: Mapping[str, Any] = {"clients": CLIENTS, "tiers": TIERS, "answer_cache": CACHE}


def ask(
    lab: Lab,
    words: Mapping[str, object],
    key: str = KEY,
    path: str = CHAT,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """What is the same each time, unless `words` say otherwise."""
    body = {"model": "chat", "temperature": 0, "seed": 7, **words}
    shown = {"Authorization": f"Bearer {key}", **(headers or {})}
    content = json.dumps(body).encode()
    return settled(lab, plain_http.post(lab.url + path, content=content, headers=shown, timeout=15))


def embed(lab: Lab, text: str, key: str = KEY, **headers: str) -> httpx.Response:
    """The vector of a text."""
    shown = {"Authorization": f"Bearer {key}", **headers}
    body = {"model": "embed", "input": text}
    return settled(lab, plain_http.post(lab.url + EMBEDDINGS, json=body, headers=shown, timeout=15))


def settled(lab: Lab, answer: httpx.Response) -> httpx.Response:
    """The same answer, once nginx has kept it: the client has its last byte before that."""
    # One that was asked for anew takes the old one's place.
    if answer.headers.get("x-homeport-cache") in ("miss", "bypass"):
        # Written after all else of a request.
        lab.logged(answer.headers["x-request-id"])
    return answer


def told(answer: httpx.Response) -> str:
    """What an answer says of the cache, once it is one."""
    assert answer.status_code == 200
    return str(answer.headers.get("x-homeport-cache", ""))


def kept_files(lab: Lab) -> list[tuple[str, int]]:
    """Mode, and KiB of the disk, of each answer that is kept; as nginx itself may see them."""
    nginx, folder = lab.container("nginx"), "/srv/homeport/state/gateway/answers"
    text = docker("exec", nginx, "find", folder, "-type", "f", "-printf", "%m %k\\n")
    lines = [line.split() for line in text.splitlines()]
    return [(mode, int(size_kib)) for mode, size_kib in lines]
