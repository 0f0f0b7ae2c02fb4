"""How each replica is replaced when it has to be: settled before, and shown before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from deploys.settings.environment import Environment

Strategy = Literal["shift", "swap"]


@dataclass(frozen=True)
class Rollout:
    """How one replica is replaced."""

    strategy: Strategy
    """`shift`: drained, and the pool's other replicas carry on. `swap`: drained, and clients get
    503 with Retry-After until the new one answers."""
    reason: str
    drain_seconds: int
    steady_seconds: int


class _Placed(Protocol):
    """What is looked at in a replica."""

    @property
    def name(self) -> str: ...
    @property
    def pool(self) -> str: ...


def rollouts(
    environment: Environment, by_host: Mapping[str, Sequence[_Placed]]
) -> dict[str, Rollout]:
    """Replica -> how it is replaced, for all replicas by host."""
    replicas = [replica for host in by_host.values() for replica in host]
    counts = Counter(replica.pool for replica in replicas)
    found = {}
    for replica in replicas:
        words = environment.pools[replica.pool]
        strategy, reason = _choice(replica.pool, counts[replica.pool])
        found[replica.name] = Rollout(strategy, reason, words.drain_seconds, words.steady_seconds)
    return found


def _choice(pool: str, replicas: int) -> tuple[Strategy, str]:
    if replicas > 1:
        others = replicas - 1
        noun = "replica carries" if others == 1 else "replicas carry"
        return "shift", f"{others} other {noun} pool {pool} meanwhile"
    return "swap", f"it is alone in pool {pool}: 503 with Retry-After meanwhile"
