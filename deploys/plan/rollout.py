"""How each replica is replaced when it has to be: settled before, and shown before."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from deploys.settings.environment import Environment
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused

Strategy = Literal["surge", "shift", "swap"]


@dataclass(frozen=True)
class Rollout:
    """How one replica is replaced."""

    strategy: Strategy
    """`surge`: a stand-in runs beside it first and serves meanwhile. `shift`: drained, and the
    pool's other replicas carry on. `swap`: drained, and clients get 503 with Retry-After until the
    new one answers."""
    reason: str
    drain_seconds: int
    steady_seconds: int


class _Placed(Protocol):
    """What is looked at in a replica."""

    @property
    def name(self) -> str: ...
    @property
    def pool(self) -> str: ...
    @property
    def host(self) -> str: ...


def rollouts(
    environment: Environment,
    by_host: Mapping[str, Sequence[_Placed]],
    obstacles: Mapping[str, str],
) -> dict[str, Rollout]:
    """Replica -> how it is replaced, for all replicas by host.

    `obstacles` says what stands in the way of a stand-in, by replica; where it is empty, one fits.
    Raises Refused where a pool's own word cannot be carried out.
    """
    replicas = [replica for host in by_host.values() for replica in host]
    _refuse_impossible(environment, replicas, obstacles)
    counts = Counter(replica.pool for replica in replicas)
    found = {}
    for replica in replicas:
        words = environment.pools[replica.pool]
        obstacle = obstacles.get(replica.name, "")
        strategy, reason = _choice(replica.pool, words, counts[replica.pool], obstacle)
        found[replica.name] = Rollout(strategy, reason, words.drain_seconds, words.steady_seconds)
    return found


def _choice(pool: str, words: Pool, replicas: int, obstacle: str) -> tuple[Strategy, str]:
    if not obstacle and words.rollout in ("auto", "surge"):
        return "surge", "a second one fits beside it and serves meanwhile"
    why_not = f"; no surge: {obstacle}" if obstacle and words.rollout == "auto" else ""
    if replicas > 1:
        others = replicas - 1
        noun = "replica carries" if others == 1 else "replicas carry"
        return "shift", f"{others} other {noun} pool {pool} meanwhile{why_not}"
    return "swap", f"it is alone in pool {pool}: 503 with Retry-After meanwhile{why_not}"


def _refuse_impossible(
    environment: Environment, replicas: Sequence[_Placed], obstacles: Mapping[str, str]
) -> None:
    file = f"inventories/group_data/{environment.name}.py"
    pools: defaultdict[str, list[_Placed]] = defaultdict(list)
    for replica in replicas:
        pools[replica.pool].append(replica)
    complaints = [
        Complaint(file, f"pools.{pool}.rollout", *words)
        for pool, members in sorted(pools.items())
        for words in _impossible(environment.pools[pool].rollout, members, obstacles)
    ]
    if complaints:
        raise Refused(complaints)


def _impossible(
    rollout: str, replicas: Sequence[_Placed], obstacles: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What was found and what fits, of a word that is set and cannot be carried out."""
    if rollout == "surge":
        hint = '"auto" surges where it fits; free GPUs, `share_gpus` or RAM make room'
        for one in replicas:
            if obstacle := obstacles.get(one.name):
                where = f"{one.name} on {one.host}"
                yield f"surge: no second one fits beside {where}: {obstacle}", hint
    elif rollout == "shift" and len(replicas) == 1:
        yield "shift: the pool has one replica, and no other to carry on", '"swap" or "auto"'
    elif rollout == "swap" and len(replicas) > 1:
        count = len(replicas)
        yield f"swap: the pool has {count} replicas, and the others carry on", '"shift" or "auto"'
