"""The gateway's nginx files: one concern each, and the revision that names them all."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from deploys.plan.plan import HostPlan, Plan, Pool, Replica
from deploys.render.nginx_errors import error_pages
from deploys.render.nginx_text import map_pattern, models_document, nginx_pieces, nginx_word
from deploys.render.templates import Render

CONCERNS = (
    "nginx.conf",
    "request.conf",
    "log.conf",
    "clients.conf",
    "models.conf",
    "engines.conf",
    "failures.conf",
    "public.conf",
    "routes.conf",
    "errors.conf",
    "admin.conf",
)
POOLS = "pools.conf"
SCRIPT = "gateway.js"
REVISION = "revision.conf"

# The only paths that reach an engine. Both engines' servers have dozens more, administration
# among them.
GENERATION_PATHS = ("/v1/chat/completions", "/v1/completions")
ENGINE_PORT = 8080
# One request is tried on so many replicas at most, so that a query of death cannot kill them all;
# with two, half the requests failed while one of three replicas was free.
MOST_TRIES = 3
# A refused connection, a 503 and a crash show within this time; it stays below the read time-out.
RETRY_WINDOW_MS = 10_000
# Within one rack a connection takes a millisecond; a host that is gone does not answer at all.
CONNECT_MS = 2_000
SHUTDOWN_SECONDS = 3600
# 64 KiB hold nginx's own structures; a server that is looked up by name takes under 2 KiB.
ZONE_KIB = 64
ZONE_KIB_PER_REPLICA = 4


def nginx_files(plan: Plan, host: HostPlan, render: Render, templates: Path) -> dict[str, str]:
    """Path below nginx/<environment>/<host>/ -> text; the revision is rendered last.

    Raises ValueError for a name that nginx could misread; settings refuse those long before.
    """
    values = _values(plan, host)
    pools = render(f"nginx/{POOLS}.j2", values)
    values["pools_digest"] = pools_digest(pools)
    files = {name: render(f"nginx/{name}.j2", values) for name in CONCERNS} | {POOLS: pools}
    files[SCRIPT] = (templates / "nginx" / SCRIPT).read_text()
    revision = gateway_revision(files)
    files[REVISION] = render(f"nginx/{REVISION}.j2", {**values, "revision": revision})
    return files


def gateway_revision(files: Mapping[str, str]) -> str:
    """12 hex characters: the content hash of every file but the one that states it."""
    digest = hashlib.sha256()
    for name in sorted(files):
        if name != REVISION:
            digest.update(f"{name}\0{files[name]}\0".encode())
    return digest.hexdigest()[:12]


def pools_digest(text: str) -> str:
    """12 hex characters: the name under which nginx loads the pools, with what is drained."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def retry_window_ms(read_timeout_seconds: int) -> int:
    """How long after its start a request may go to another replica; always below the time-out."""
    return min(RETRY_WINDOW_MS, read_timeout_seconds * 1000 // 2)


def connect_timeout_ms(read_timeout_seconds: int) -> int:
    """How long a replica may take to accept; half the retry window leaves time for another one."""
    return min(CONNECT_MS, retry_window_ms(read_timeout_seconds) // 2)


def _values(plan: Plan, host: HostPlan) -> dict[str, object]:
    gateway = host.gateway
    if gateway is None:
        raise ValueError(f"{host.name} is no gateway")
    public_names = sorted(pool.public_name for pool in plan.pools)
    document = nginx_pieces(models_document(public_names))
    return {
        "environment": nginx_word(plan.environment),
        "host": nginx_word(host.name),
        "workers": gateway.workers,
        # Streams that began just before a reload may run as long as any other.
        "shutdown_seconds": max(
            SHUTDOWN_SECONDS,
            gateway.first_byte_seconds,
            # A replica's answers may take as long as that to end while it is drained.
            *(rollout.drain_seconds for rollout in plan.rollouts.values()),
        ),
        "body_limit_mib": gateway.body_limit_mib,
        "first_byte_seconds": gateway.first_byte_seconds,
        "tries": MOST_TRIES,
        "retry_window_ms": retry_window_ms(gateway.first_byte_seconds),
        "connect_timeout_ms": connect_timeout_ms(gateway.first_byte_seconds),
        "pools": [_pool(plan, pool, host) for pool in plan.pools],
        "models": [
            {"pattern": map_pattern(pool.public_name), "pool": nginx_word(pool.name)}
            for pool in plan.pools
        ],
        "models_document": document,
        "models_answer": "".join(f"$models_{number}" for number in range(1, len(document) + 1)),
        "generation_paths": GENERATION_PATHS,
        "errors": error_pages(public_names, gateway.body_limit_mib),
    }


def _pool(plan: Plan, pool: Pool, host: HostPlan) -> dict[str, object]:
    names = [replica.name for replica in pool.replicas]
    stand_ins = [plan.stand_ins[name] for name in names if name in plan.stand_ins]
    return {
        "upstream": f"pool_{nginx_word(pool.name)}",
        # One stand-in at a time, which finds room in what nginx's own structures leave.
        "zone_kib": ZONE_KIB + ZONE_KIB_PER_REPLICA * len(pool.replicas),
        "replicas": [_replica(replica, host) for replica in pool.replicas],
        "stand_ins": [_replica(stand_in, host) for stand_in in stand_ins],
    }


def engine_address(replica: Replica, gateway: HostPlan) -> str:
    """On the gateway's own host by its name on Docker's network, elsewhere by ADDRESS:PORT."""
    if replica.host == gateway.name:
        return f"{nginx_word(replica.name)}:{ENGINE_PORT}"
    return replica.endpoint


def _replica(replica: Replica, host: HostPlan) -> dict[str, object]:
    return {
        "name": nginx_word(replica.name),
        "address": engine_address(replica, host),
        "by_name": replica.host == host.name,
        "slots": replica.arguments.slots,
        "waiting": replica.waiting_requests,
        "max_conns": replica.arguments.slots + replica.waiting_requests,
    }
