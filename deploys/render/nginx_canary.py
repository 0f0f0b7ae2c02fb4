"""What the gateway's nginx files say about candidates of pools; nothing where there are none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploys.plan.plan import Plan, Pool
from deploys.render.nginx_routes import PATHS, connect_timeout_ms, retry_window_ms, silences_of
from deploys.render.nginx_text import nginx_word
from deploys.settings.canary import CLOUD, Canary
from deploys.settings.gateway import Gateway

# A hundred slices of one per cent: what was drawn at one share stays drawn at every larger one.
SLICES = tuple(f"{number:02}" for number in range(100))
# Only nginx itself, in its own container.
SHADOW_LISTENER = "127.0.0.1:8082"

Values = dict[str, object]


@dataclass(frozen=True)
class _Trial:
    """One pool, its candidate, and what is said of both."""

    number: int
    pool: str
    words: Canary
    candidate: Pool | None
    """None: the cloud."""
    header: str
    """That names the session, in nginx's spelling; empty: there is none."""

    @property
    def name(self) -> str:
        """POOL>CANDIDATE: no name of a pool holds that sign."""
        return f"{self.pool}>{nginx_word(self.words.candidate)}"


def canary_values(plan: Plan, gateway: Gateway, *, routes_inside: bool) -> Values:
    """What the templates fill in; `routes_inside`: the stable arm has locations of its own."""
    trials = _trials(plan)
    to_cloud = any(trial.candidate is None for trial in trials)
    return {
        "canaries": [_filled(trial, gateway) for trial in trials],
        "canary_slices": SLICES,
        "canary_to_cloud": to_cloud,
        "canary_routes": [route for trial in trials for route in _routes(trial, gateway)],
        "canary_ways": [way for trial in trials for way in _ways(trial, gateway)],
        "testers": [nginx_word(name) for name, one in sorted(plan.clients.items()) if one.tester],
        "shadows": list(_shadows(trials)),
        "shadow_listener": SHADOW_LISTENER,
        # $route is the candidate's where there is one.
        "route": "$stable_route" if trials else "$route",
        "stable_route": "$stable_route" if routes_inside else '""',
        "stable_page": "$stable_page" if routes_inside else "@again",
        # What replicas of the stable arm have said: without what the candidate did before.
        "bytes_sent": "$stable_bytes_sent" if trials else "$upstream_bytes_sent",
        "statuses": "$stable_statuses" if trials else "$upstream_status",
        **_reasons(trials=bool(trials), cloud=plan.cloud is not None),
        "canaries_loaded": _loaded(trials),
        "comes_back": to_cloud or (plan.cloud is not None and plan.cloud.shares),
    }


def _reasons(*, trials: bool, cloud: bool) -> Values:
    """The variables in which answers.conf says why, each one the next one's last resort."""
    arm = "$arm_reason" if trials and cloud else "$reason" if trials else "$fleet_reason"
    return {"arm_reason": arm, "fleet_reason": "$fleet_reason" if trials or cloud else "$reason"}


def _loaded(trials: Sequence[_Trial]) -> str:
    """What /revision says of them: what has been loaded of what `homeport canary` has written."""
    pairs = " ".join(f"{trial.pool}=$canary_loaded_{trial.number}" for trial in trials)
    return f',"canaries":"{pairs}"' if trials else ""


def tells_streams(plan: Plan, gateway: Gateway) -> bool:
    """Whether a candidate's time-outs differ between streams and whole answers."""
    return any(_tells_streams(trial, gateway) for trial in _trials(plan))


def _trials(plan: Plan) -> list[_Trial]:
    by_name = {pool.name: pool for pool in plan.pools}
    return [
        _Trial(number, nginx_word(pool.name), words, by_name.get(words.candidate), _header(pool))
        for number, pool in enumerate(plan.pools, 1)
        if (words := pool.routing.canary) is not None
        and (words.candidate in by_name or words.candidate == CLOUD)
    ]


def session_header(pool: Pool) -> str:
    """That names the session of a pool with a candidate; empty: there is none."""
    words, affinity = pool.routing.canary, pool.routing.affinity
    return (words and words.session_header) or (affinity and affinity.header) or ""


def _header(pool: Pool) -> str:
    return session_header(pool).lower().replace("-", "_")


def _filled(trial: _Trial, gateway: Gateway) -> Values:
    header = f"$http_{trial.header}" if trial.header else ""
    return {
        "number": trial.number,
        "pool": trial.pool,
        "name": trial.name,
        "pool_pattern": trial.pool.replace(".", "[.]"),
        # What draws: nothing of it may be missing, or sessions would be drawn anew.
        "unit": f"{trial.words.salt}|$client|{header}",
        "to_cloud": trial.candidate is None,
        "tells_streams": _tells_streams(trial, gateway),
    }


def _routes(trial: _Trial, gateway: Gateway) -> Iterator[tuple[str, str]]:
    """Trial and arm -> location, or the variable that says which."""
    by_stream = _tells_streams(trial, gateway)
    yield (
        f"{trial.name}|candidate",
        f"{'$candidate_route' if by_stream else '@candidate'}_{trial.number}",
    )
    if trial.words.shadow is not None:
        yield f"{trial.name}|stable", f"$shadow_route_{trial.number}"


def _tells_streams(trial: _Trial, gateway: Gateway) -> bool:
    return len(list(_ways(trial, gateway))) > 1


def _ways(trial: _Trial, gateway: Gateway) -> Iterator[Values]:
    """The locations that ask a candidate: one, or one for streams and one for whole answers."""
    pool, number = trial.candidate, trial.number
    if pool is None:
        yield {"suffix": f"_{number}", "upstream": "", "seconds": None}
        return
    upstream = f"pool_{nginx_word(pool.name)}"
    whole, stream = silences_of(pool, gateway) or (None, None)
    if stream != whole:
        yield {"suffix": f"_{number}_stream", **_timed(upstream, stream)}
    yield {"suffix": f"_{number}", **_timed(upstream, whole)}


def _timed(upstream: str, seconds: int | None) -> Values:
    return {
        "upstream": upstream,
        "seconds": seconds,
        "retry_window_ms": retry_window_ms(seconds) if seconds else 0,
        "connect_timeout_ms": connect_timeout_ms(seconds) if seconds else 0,
    }


def _shadows(trials: Sequence[_Trial]) -> Iterator[Values]:
    for trial in trials:
        words, pool = trial.words.shadow, trial.candidate
        if words is not None and pool is not None:
            yield {
                "number": trial.number,
                "name": trial.name,
                "candidate": nginx_word(pool.name),
                "paths": PATHS[pool.routing.kind],
                "percent": words.percent,
                "body_limit_kib": words.body_limit_kib,
                "at_once": words.at_once,
            }
