"""Which paths lead to which kind of pool, and which pools have time-outs of their own."""

from collections.abc import Iterator, Sequence

from deploys.plan.plan import HostPlan, Plan, Pool
from deploys.render.nginx_pools import sessions, told_of_connections, upstreams
from deploys.render.nginx_text import map_pattern, nginx_word
from deploys.settings.gateway import Gateway
from deploys.settings.routing import Kind

# The only paths that reach an engine, the same in llama-server and vLLM. Both have dozens more,
# administration among them.
PATHS: dict[Kind, tuple[str, ...]] = {
    "generation": ("/v1/chat/completions", "/v1/completions"),
    "embeddings": ("/v1/embeddings",),
    "reranking": ("/v1/rerank",),
}
# A refused connection, a 503 and a crash show within this time; it stays below the read time-out.
RETRY_WINDOW_MS = 10_000
# Within one rack a connection takes a millisecond; a host that is gone does not answer at all.
CONNECT_MS = 2_000


def retry_window_ms(read_timeout_seconds: int) -> int:
    """How long after its start a request may go to another replica; always below the time-out."""
    return min(RETRY_WINDOW_MS, read_timeout_seconds * 1000 // 2)


def connect_timeout_ms(read_timeout_seconds: int) -> int:
    """How long a replica may take to accept; half the retry window leaves time for another one."""
    return min(CONNECT_MS, retry_window_ms(read_timeout_seconds) // 2)


def routing_values(
    plan: Plan, host: HostPlan, gateway: Gateway, *, tells_streams: bool = False
) -> dict[str, object]:
    """From a path and a model to a pool and its replicas; `tells_streams`: for somebody else."""
    silenced, with_sessions = list(_silences(plan.pools, gateway)), sessions(plan.pools)
    keeps = keeps_answers(plan)
    tells_streams = tells_streams or (bool(silenced) and gateway.njs)
    late_streams = plan.cloud is not None and plan.cloud.settings.first_byte_seconds is not None
    return {
        "pools": [
            upstream
            for number, pool in enumerate(plan.pools, 1)
            for upstream in upstreams(plan, pool, number, host)
        ],
        "connection": told_of_connections(plan),
        "sessions": with_sessions,
        "upstream": "$chosen_upstream" if with_sessions else "pool_$pool",
        "again": "$again" if silenced else "@again",
        "routes_inside": _routes_inside(
            cloud=plan.cloud is not None, silences=bool(silenced) and gateway.njs
        ),
        "routes": _routes(plan),
        "models": _models(plan),
        "kinds": _kinds(plan) if gateway.njs else [],
        "silences": silenced,
        # What gateway.js takes from a body besides the model.
        "body_words": " ".join(
            [
                *(["user"] if with_sessions and gateway.njs else []),
                *(["stream"] if tells_streams or late_streams or keeps else []),
                *(["temperature", "seed"] if keeps else []),
            ]
        ),
    }


def models_by_path(plan: Plan) -> str:
    """Which models answer on which path, in words; empty where every model does on each."""
    if not _kinds(plan):
        return ""
    served: dict[str, list[str]] = {}
    for pool in plan.pools:
        for path in PATHS[pool.routing.kind]:
            served.setdefault(path, []).append(pool.public_name)
    return "; ".join(f"{path}: {', '.join(sorted(names))}" for path, names in served.items())


def silences_of(pool: Pool, gateway: Gateway) -> tuple[int, int] | None:
    """Longest silence of whole answers and of streams, in seconds; None: they are the gateway's."""
    whole = pool.routing.first_byte_seconds or gateway.first_byte_seconds
    stream = pool.routing.stream_silence_seconds or whole
    return None if whole == stream == gateway.first_byte_seconds else (whole, stream)


def keeps_answers(plan: Plan) -> bool:
    """Whether any pool's answers are kept and given again."""
    return any(pool.routing.answer_cache != "never" for pool in plan.pools)


def _models(plan: Plan) -> list[dict[str, str]]:
    """nginx's pattern for each name, and the pool that answers for it."""
    return [
        {"pattern": map_pattern(name), "pool": nginx_word(pool.name)}
        for pool in plan.pools
        for name in pool.names
    ]


def _routes(plan: Plan) -> list[dict[str, str]]:
    """Path and kind of pool of every path that this environment serves."""
    served = {pool.routing.kind for pool in plan.pools}
    return [
        {"location": path, "path": path, "kind": kind}
        for kind, paths in PATHS.items()
        if kind in served
        for path in paths
    ]


def _kinds(plan: Plan) -> list[dict[str, str]]:
    """Kind of each pool; none where every pool generates text, for then every path fits."""
    found = [{"pool": nginx_word(pool.name), "kind": pool.routing.kind} for pool in plan.pools]
    return found if {one["kind"] for one in found} - {"generation"} else []


def _routes_inside(*, cloud: bool, silences: bool) -> tuple[str, ...]:
    """The variable that says where a request goes on, and what counts where it is empty."""
    if cloud:
        return "$cloud_route", "$silence_route" if silences else '""'
    return ("$silence_route", '""') if silences else ()


def _silences(pools: Sequence[Pool], gateway: Gateway) -> Iterator[dict[str, object]]:
    """Location, pool and time-outs of each way whose longest silence is not the gateway's."""
    for pool in pools:
        found, name = silences_of(pool, gateway), nginx_word(pool.name)
        if found is None:
            continue
        whole, stream = found
        # The stream's stands first: the other's pattern fits it too.
        if stream != whole:
            yield _silence(f"stream_{name}", f"{_escaped(name)}[|]true", stream)
        yield _silence(f"whole_{name}", f"{_escaped(name)}[|]", whole)


def _escaped(name: str) -> str:
    return name.replace(".", "[.]")


def _silence(location: str, pattern: str, seconds: int) -> dict[str, object]:
    return {
        "location": location,
        "pattern": f"~^{pattern}",
        "seconds": seconds,
        "retry_window_ms": retry_window_ms(seconds),
        "connect_timeout_ms": connect_timeout_ms(seconds),
    }
