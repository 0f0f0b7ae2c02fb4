"""The gateway's nginx files: one concern each, and the revision that names them all."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from deploys.plan.plan import HostPlan, Plan
from deploys.render.egress import egress_files
from deploys.render.nginx_bodies import body_pattern
from deploys.render.nginx_cache import cache_values
from deploys.render.nginx_canary import canary_values, tells_streams
from deploys.render.nginx_clients import client_pages, client_values
from deploys.render.nginx_cloud import cloud_values
from deploys.render.nginx_errors import ErrorPage, error_pages, path_error_pages
from deploys.render.nginx_figures import figure_values
from deploys.render.nginx_images import image_pages, image_values
from deploys.render.nginx_limits import limit_pages, limit_values
from deploys.render.nginx_paths import models_paths, path_routes
from deploys.render.nginx_routes import (
    connect_timeout_ms,
    keeps_answers,
    models_by_path,
    retry_window_ms,
    routing_values,
)
from deploys.render.nginx_text import models_document, nginx_pieces, nginx_word
from deploys.render.nginx_tls import tls_values
from deploys.render.templates import Render
from deploys.settings.gateway import Gateway

CONCERNS = (
    "nginx.conf",
    "request.conf",
    "log.conf",
    "clients.conf",
    "limits.conf",
    "limited.conf",
    "models.conf",
    "engines.conf",
    "public.conf",
    "routes.conf",
    "to_pool.conf",
    "errors.conf",
    "failures.conf",
    "answers.conf",
    "admin.conf",
)
# With njs, which digests keys and reads bodies.
SCRIPTS = ("gateway.js", "body.js")
# What is not used is not loaded: file -> the value that says whether it is used.
OPTIONAL = {
    "expiry.js": "keys_expire_by_njs",
    "tokens.js": "counts_tokens",
    "counted.conf": "counts_tokens",
    "sessions.conf": "sessions",
    "kinds.conf": "kinds",
    "images.conf": "sees",
    "images.js": "sees",
    "pixels.js": "sees",
    "cache.js": "cache",
    "cache.conf": "cache",
    "cache_routes.conf": "cache",
    "silences.conf": "silences",
    "silence_routes.conf": "silences",
    "cloud.conf": "cloud",
    "cloud_routes.conf": "cloud",
    "to_egress.conf": "cloud",
    "share.conf": "shares",
    "tls.conf": "tls",
    "canary.conf": "canaries",
    "canary_routes.conf": "canaries",
    "shadow.conf": "shadows",
    "shadow_routes.conf": "shadows",
    "figures.conf": "figures",
    "figures.js": "figures_by_njs",
}
# What a request may depend on besides its pool: of its body, or of where it goes on.
_FURTHER = ("sees", "body_words", "routes_inside", "cache", "canaries")
POOLS = "pools.conf"
REVISION = "revision.conf"

# One request is tried on so many replicas at most, so that a query of death cannot kill them all;
# with two, half the requests failed while one of three replicas was free.
MOST_TRIES = 3
SHUTDOWN_SECONDS = 3600


def nginx_files(plan: Plan, host: HostPlan, render: Render, templates: Path) -> dict[str, str]:
    """Path below nginx/<environment>/<host>/ -> text; the revision is rendered last.

    Raises ValueError for a name that nginx could misread; settings refuse those long before.
    """
    values = _values(plan, host)
    pools = render(f"nginx/{POOLS}.j2", values)
    values["pools_digest"] = pools_digest(pools)
    names = (
        *CONCERNS,
        *(SCRIPTS if values["njs"] else ()),
        *(name for name, wanted in OPTIONAL.items() if values[wanted]),
    )
    scripts = {name for name in names if name.endswith(".js")}
    files = {name: (templates / "nginx" / name).read_text() for name in sorted(scripts)}
    files |= {name: render(f"nginx/{name}.j2", values) for name in names if name not in scripts}
    files |= {POOLS: pools, **egress_files(plan, values, render, templates)}
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


def _values(plan: Plan, host: HostPlan) -> dict[str, object]:
    gateway = host.gateway
    if gateway is None:
        raise ValueError(f"{host.name} is no gateway")
    names = plan.public_names()
    document = nginx_pieces(models_document(names))
    images = image_values(plan, gateway)
    routing = routing_values(plan, host, gateway, tells_streams=tells_streams(plan, gateway))
    values = {
        "environment": nginx_word(plan.environment),
        "host": nginx_word(host.name),
        "workers": gateway.workers,
        # Streams that began just before a reload may run as long as any other.
        "shutdown_seconds": max(
            SHUTDOWN_SECONDS,
            gateway.first_byte_seconds,
            *(pool.routing.first_byte_seconds or 0 for pool in plan.pools),
            # A replica's answers may take as long as that to end while it is drained.
            *(rollout.drain_seconds for rollout in plan.rollouts.values()),
        ),
        "body_limit_mib": gateway.body_limit_mib,
        "first_byte_seconds": gateway.first_byte_seconds,
        "tries": MOST_TRIES,
        "retry_window_ms": retry_window_ms(gateway.first_byte_seconds),
        "connect_timeout_ms": connect_timeout_ms(gateway.first_byte_seconds),
        **routing,
        **_path_values(plan, gateway),
        **canary_values(
            plan, gateway, routes_inside=bool(routing["routes_inside"]) or keeps_answers(plan)
        ),
        "models_document": document,
        "models_answer": "".join(f"$models_{number}" for number in range(1, len(document) + 1)),
        "errors": [
            *_error_pages(plan, gateway),
            *client_pages(plan.clients),
            *limit_pages(gateway, plan.clients),
            *image_pages(images),
        ],
        **client_values(plan.clients, gateway),
        **limit_values(gateway, plan.clients),
        **cloud_values(plan, gateway),
        **images,
        "cache": cache_values(plan, gateway),
        "tls": tls_values(gateway.tls),
        **figure_values(plan, gateway),
        "health_on_admin": gateway.tls is not None or gateway.shared_address is not None,
    }
    return values | _reading(values)


def _reading(values: Mapping[str, object]) -> dict[str, object]:
    """The function that requests pass: the one that asks for less, if it may.

    And the expression for bodies that need none, where a pool is all that they have to tell.
    """
    goes_on = any(values[name] for name in _FURTHER)
    by_pool = "choose_way" if goes_on or values["kinds"] else "choose_pool"
    return {
        "chooses": "images.choose_way" if values["sees"] else f"gateway.{by_pool}",
        "body_pattern": body_pattern() if values["njs"] and not goes_on else "",
    }


def _path_values(plan: Plan, gateway: Gateway) -> dict[str, object]:
    """Without njs pools are found by the path; with it these stand beside nothing else."""
    if gateway.njs:
        return {"njs": True, "models_paths": ["/v1/models"]}
    return {
        "njs": False,
        "models_paths": models_paths(plan),
        "routes": path_routes(plan, gateway),
    }


def _error_pages(plan: Plan, gateway: Gateway) -> list[ErrorPage]:
    if gateway.njs:
        names = plan.public_names()
        return error_pages(names, gateway.body_limit_mib, models_by_path(plan))
    return path_error_pages([pool.name for pool in plan.pools], gateway.body_limit_mib)
