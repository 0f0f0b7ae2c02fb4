"""The gateway's nginx files: one concern each, and the revision that names them all."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from deploys.plan.plan import HostPlan, Plan, Pool
from deploys.render.nginx_errors import error_pages
from deploys.render.templates import Render

CONCERNS = (
    "nginx.conf",
    "log.conf",
    "clients.conf",
    "pools.conf",
    "public.conf",
    "key.conf",
    "engine.conf",
    "errors.conf",
    "admin.conf",
)
SCRIPT = "gateway.js"
REVISION = "revision.conf"

# The only paths that reach an engine. Both engines' servers have dozens more, administration
# among them.
GENERATION_PATHS = ("/v1/chat/completions", "/v1/completions")
# One request is tried on so many replicas at most, so that a query of death cannot kill them all.
MOST_TRIES = 3
# What a worker may keep open to one pool between requests.
IDLE_CONNECTIONS = 4


def nginx_files(plan: Plan, host: HostPlan, render: Render, templates: Path) -> dict[str, str]:
    """Path below nginx/<environment>/<host>/ -> text; the revision is rendered last."""
    values = _values(plan, host)
    files = {name: render(f"nginx/{name}.j2", values) for name in CONCERNS}
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


def _values(plan: Plan, host: HostPlan) -> dict[str, object]:
    gateway = host.gateway
    if gateway is None:
        raise ValueError(f"{host.name} is no gateway")
    public_names = sorted(pool.public_name for pool in plan.pools)
    return {
        "environment": plan.environment,
        "host": host.name,
        "workers": gateway.workers,
        # Streams that began just before a reload may run as long as any other.
        "shutdown_seconds": gateway.first_byte_seconds + 300,
        "body_limit_mib": gateway.body_limit_mib,
        "first_byte_seconds": gateway.first_byte_seconds,
        "tries": MOST_TRIES,
        "pools": [_pool(pool) for pool in plan.pools],
        "models": _models(public_names),
        "generation_paths": GENERATION_PATHS,
        "errors": error_pages(public_names, gateway.body_limit_mib),
    }


def _pool(pool: Pool) -> dict[str, object]:
    return {
        "name": pool.name,
        "public_name": pool.public_name,
        "keepalive": IDLE_CONNECTIONS,
        "replicas": [
            {
                "address": f"{replica.name}:8080",
                "slots": replica.arguments.slots,
                "waiting": replica.waiting_requests,
                "max_conns": replica.arguments.slots + replica.waiting_requests,
            }
            for replica in pool.replicas
        ],
    }


def _models(public_names: list[str]) -> str:
    """The answer to GET /v1/models; `created` has no meaning here and is 0."""
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "homeport"}
        for name in public_names
    ]
    return json.dumps({"object": "list", "data": data})
