"""Pools over the gateway lab's two engines, each with words of its own."""

import dataclasses

from deploys.plan.plan import Pool
from deploys.render.nginx_pools import ENGINE_PORT
from deploys.settings.routing import Routing
from tests.e2e.gateway_lab import REPLICAS
from tests.render.plans import small_pool


def same_replicas(name: str, waiting_requests: int = 2, **routing: object) -> Pool:
    """Another pool over the lab's two engines."""
    pool = small_pool(name, 2, waiting_requests=waiting_requests)
    pool = dataclasses.replace(pool, routing=Routing.model_validate(routing))
    replicas = zip(pool.replicas, REPLICAS, strict=True)
    return dataclasses.replace(
        pool, replicas=tuple(dataclasses.replace(one, name=engine) for one, engine in replicas)
    )


def of_unlike_hosts(name: str) -> Pool:
    """The second replica's host is to have three times as much."""
    pool = same_replicas(name, waiting_requests=30, weights={"gpu2": 3})
    first, second = pool.replicas
    other = dataclasses.replace(second, host="gpu2", endpoint=f"{second.name}:{ENGINE_PORT}")
    return dataclasses.replace(pool, replicas=(first, other))


def of_many(name: str, count: int, port: int = ENGINE_PORT) -> Pool:
    """So many replicas on another host, all of them the lab's first engine at a port of it."""
    pool = same_replicas(name, waiting_requests=30)
    first = pool.replicas[0]
    return dataclasses.replace(
        pool,
        replicas=tuple(
            dataclasses.replace(
                first, name=f"{name}-{number}", host="gpu2", endpoint=f"{REPLICAS[0]}:{port}"
            )
            for number in range(1, count + 1)
        ),
    )


def drained(pools_text: str, replica: str) -> str:
    """What a drain makes of the file of the pools."""
    lines = [
        line.replace(";", " down;", 1) if line.endswith(f"# {replica}") else line
        for line in pools_text.splitlines()
    ]
    return "\n".join(lines) + "\n"


PATIENT = ("patient", "patient-2", "patient-3")
# Whom failures have taken out of one pool is still in the others.
SPARE = tuple(f"spare-{number}" for number in range(1, 8))
POOLS = (
    *map(same_replicas, SPARE),
    same_replicas("chat", aliases=("gpt-4o-mini", "Org/Chat-1.5")),
    same_replicas("embed", kind="embeddings"),
    *(same_replicas(name, first_byte_seconds=8, stream_silence_seconds=1) for name in PATIENT),
    same_replicas("loses", waiting_requests=30, first_byte_seconds=8),
    same_replicas("rank", kind="reranking"),
    of_unlike_hosts("weighted"),
    # More than one request may be tried on; where the second one's are, nobody listens.
    of_many("dies", 5),
    of_many("refuses", 5, port=9),
    # Two slots and one waiting before a session spills, one more waiting at each afterwards.
    same_replicas("session.pool", affinity={"header": "X-Session-Id", "waiting_requests": 1}),
)
