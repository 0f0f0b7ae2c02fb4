"""Paths that lead to pools by themselves, for a gateway that cannot read the model in a body."""

from collections.abc import Iterator

from deploys.plan.plan import Plan, Pool
from deploys.render.nginx_routes import PATHS, connect_timeout_ms, retry_window_ms, silences_of
from deploys.render.nginx_text import nginx_word
from deploys.settings.gateway import Gateway

Values = dict[str, object]
CHAT = PATHS["generation"][0]


def pool_prefix(pool_name: str) -> str:
    """What stands before /v1/... of a pool."""
    return f"/pools/{nginx_word(pool_name)}"


def path_routes(plan: Plan, gateway: Gateway) -> list[Values]:
    """Every path of each pool; and /v1/... itself for the one that is the default."""
    return [*_below_v1(plan, gateway), *_below_prefixes(plan, gateway)]


def models_paths(plan: Plan) -> list[str]:
    """Where the list of models is, for clients whose base address leads to one pool too."""
    return ["/v1/models", *(f"{pool_prefix(pool.name)}/v1/models" for pool in plan.pools)]


def default_pool(plan: Plan, gateway: Gateway, path: str) -> Pool | None:
    """The pool of /v1/...: the one that the settings name, or the only one of its kind."""
    fits = [pool for pool in plan.pools if path in PATHS[pool.routing.kind]]
    if len(fits) == 1:
        return fits[0]
    return next((pool for pool in fits if pool.name == gateway.default_pool), None)


def asked_paths(plan: Plan, gateway: Gateway) -> dict[str, str]:
    """Public name -> path, of all that are not asked for chat completions below /v1."""
    found: dict[str, str] = {}
    for pool in plan.pools:
        path = PATHS[pool.routing.kind][0]
        if not gateway.njs and default_pool(plan, gateway, path) is not pool:
            path = f"{pool_prefix(pool.name)}{path}"
        found |= dict.fromkeys(pool.names, path)
    return {name: path for name, path in sorted(found.items()) if path != CHAT}


def _below_v1(plan: Plan, gateway: Gateway) -> Iterator[Values]:
    for path in (path for paths in PATHS.values() for path in paths):
        pool = default_pool(plan, gateway, path)
        if pool is not None:
            yield _route(pool, gateway, "", path)


def _below_prefixes(plan: Plan, gateway: Gateway) -> Iterator[Values]:
    for pool in plan.pools:
        for path in PATHS[pool.routing.kind]:
            yield _route(pool, gateway, pool_prefix(pool.name), path)


def _route(pool: Pool, gateway: Gateway, prefix: str, path: str) -> Values:
    own = silences_of(pool, gateway)
    seconds = own[0] if own is not None else None
    return {
        "location": f"{prefix}{path}",
        "path": path,
        "pool": nginx_word(pool.name),
        "seconds": seconds,
        "retry_window_ms": retry_window_ms(seconds) if seconds else 0,
        "connect_timeout_ms": connect_timeout_ms(seconds) if seconds else 0,
    }
