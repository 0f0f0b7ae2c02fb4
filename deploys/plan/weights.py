"""How the requests of a pool are shared out where its hosts differ."""

from collections.abc import Mapping, Sequence
from math import gcd

from deploys.plan.plan import Replica

# Halves: finer shares than the bound is good for, and the ring of a pool with affinity grows with
# the sum of the weights.
STEPS = 2


def replica_weights(replicas: Sequence[Replica], by_host: Mapping[str, int]) -> tuple[int, ...]:
    """Share of each replica, the smallest integers; all 1 where nothing is known to differ.

    A host that `by_host` leaves out has the bound of its speed, in halves of the slowest one's.
    """
    bounds = [replica.speed.roofline for replica in replicas if replica.speed is not None]
    slowest = min(bounds, default=0.0)
    # One bound that is missing makes the others mean nothing.
    known = len(bounds) == len(replicas) and slowest > 0
    weights = [
        by_host[replica.host] * STEPS
        if replica.host in by_host
        else round(STEPS * replica.speed.roofline / slowest)
        if known and replica.speed is not None
        else STEPS
        for replica in replicas
    ]
    common = gcd(*weights) if weights else 1
    return tuple(weight // common for weight in weights)
