"""The pools as nginx balances them: replicas, weights, sessions and what is left for overflow."""

from deploys.plan.plan import HostPlan, Plan, Pool, Replica
from deploys.plan.weights import replica_weights
from deploys.render.engines import vllm
from deploys.render.nginx_text import nginx_word

ENGINE_PORT = 8080
# Engines whose connections are kept for the next answer -> seconds for which one may be idle: one
# less than the engine's own, so that no request meets its closing. llama-server is none of them:
# pools.conf.j2 says why.
KEPT_SECONDS = {"vllm": vllm.IDLE_SECONDS - 1}
# 64 KiB hold nginx's own structures; a server that is looked up by name takes under 2 KiB.
ZONE_KIB = 64
ZONE_KIB_PER_REPLICA = 4


def upstreams(plan: Plan, pool: Pool, number: int, host: HostPlan) -> list[dict[str, object]]:
    """One for each pool, and one more for what the bound of its sessions turns away.

    Both together give a replica as many requests as a pool without sessions does. `number` is the
    pool's own, from 1: variables have no place for the signs in its name.
    """
    affinity, name = pool.routing.affinity, nginx_word(pool.name)
    waiting = max((replica.waiting_requests for replica in pool.replicas), default=0)
    named = {
        "upstream": f"pool_{name}",
        "session": "",
        "is_overflow": False,
        "kept_seconds": KEPT_SECONDS.get(pool.engine),
    }
    if affinity is None:
        return [named | _servers(plan, pool, host, waiting)]
    bound = affinity.waiting_requests
    first = {**named, "session": f"$session_{number}"}
    rest = {**named, "upstream": f"overflow_{name}", "is_overflow": True}
    return [
        first | _servers(plan, pool, host, bound),
        rest | _servers(plan, pool, host, waiting - bound, has_slots=False),
    ]


def told_of_connections(plan: Plan) -> str:
    """What engines are told of a connection: that it ends with the answer, or nothing.

    Nothing as soon as some pool keeps them: where another does not, nginx closes after the answer.
    """
    return '""' if any(pool.engine in KEPT_SECONDS for pool in plan.pools) else "close"


def sessions(pools: tuple[Pool, ...]) -> list[dict[str, object]]:
    """What names the session of each pool that has affinity."""
    found = []
    for number, pool in enumerate(pools, 1):
        if pool.routing.affinity is not None:
            header = (pool.routing.affinity.header or "").lower().replace("-", "_")
            name = nginx_word(pool.name)
            pattern = name.replace(".", "[.]")
            found.append({"number": number, "pool": name, "header": header, "pattern": pattern})
    return found


def engine_address(replica: Replica, gateway: HostPlan) -> str:
    """On the gateway's own host by its name on Docker's network, elsewhere by ADDRESS:PORT."""
    if replica.host == gateway.name and replica.group is None:
        return f"{nginx_word(replica.name)}:{ENGINE_PORT}"
    return replica.endpoint


def _servers(
    plan: Plan, pool: Pool, host: HostPlan, waiting: int, *, has_slots: bool = True
) -> dict[str, object]:
    weights = replica_weights(pool.replicas, pool.routing.weights)
    shares = {one.name: weight for one, weight in zip(pool.replicas, weights, strict=True)}

    def values(replica: Replica, weight: int) -> dict[str, object]:
        slots = replica.arguments.slots * has_slots
        return _replica(replica, host, slots, waiting) | {"weight": weight}

    return {
        # One stand-in at a time, which finds room in what nginx's own structures leave.
        "zone_kib": ZONE_KIB + ZONE_KIB_PER_REPLICA * len(pool.replicas),
        "replicas": [values(one, shares[one.name]) for one in pool.replicas],
        # With the share of the replica that it stands for.
        "stand_ins": [
            values(plan.stand_ins[one.name], shares[one.name])
            for one in pool.replicas
            if one.name in plan.stand_ins
        ],
    }


def _replica(replica: Replica, host: HostPlan, slots: int, waiting: int) -> dict[str, object]:
    return {
        "name": nginx_word(replica.name),
        "address": engine_address(replica, host),
        "by_name": replica.host == host.name and replica.group is None,
        "slots": slots,
        "waiting": waiting,
        "max_conns": slots + waiting,
    }
