"""Settings to a plan: which replica runs on which host, with every number written out."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from deploys.plan.joined import joined
from deploys.plan.plan import HostPlan, Limits, Plan, Pool, Replica
from deploys.plan.reasons import reasons
from deploys.plan.refusals import refuse_unless_all_found
from deploys.plan.replica_speed import replica_speed
from deploys.plan.retrieval import beside_store
from deploys.plan.rollout import rollouts
from deploys.plan.search.attempts import Found
from deploys.plan.search.fleet import place_all
from deploys.plan.search.gpus import name_of
from deploys.plan.search.rooms import Seat
from deploys.plan.search.threads import cpu_list, numa_node, threads
from deploys.plan.speed import Speed
from deploys.plan.stand_ins import obstacles, stand_ins, surging_stand_ins
from deploys.settings.environment import Environment, Host
from deploys.settings.gateway import Gateway
from deploys.settings.words import bracketed

# (pool, number of the replica from 1)
SeatName = tuple[str, int]


def plan_environment(environment: Environment, images: Mapping[str, str]) -> Plan:
    """The plan of a valid environment; raises Refused with what stands in the way and what fits.

    `images` gives the reference of each image by name.
    """
    room = beside_store(environment)
    outcomes = place_all(room)
    refuse_unless_all_found(room, outcomes)
    found = outcomes.found
    endpoints = _endpoints(environment, found)
    shared = _by_host(found)
    meeting = Counter[str]()
    pools = tuple(
        _pool(environment, found[name], shared, endpoints, meeting)
        for name in sorted(environment.pools)
    )
    by_host, everywhere = defaultdict(list), defaultdict(list)
    for pool in pools:
        for replica in pool.replicas:
            by_host[replica.host].append(replica)
            for one in replica.everywhere:
                everywhere[one.host].append(one)
    hosts = tuple(_host(environment, host, everywhere[host.name]) for host in environment.hosts)
    clients = environment.clients
    beside = stand_ins(environment, outcomes, pools)
    rolled = rollouts(environment, by_host, obstacles(beside))
    surging = surging_stand_ins(beside, rolled)
    watched = environment.monitoring
    return Plan(
        environment.name, hosts, pools, clients, images, rolled, surging, monitoring=watched
    )


def _host(environment: Environment, host: Host, replicas: Sequence[Replica]) -> HostPlan:
    return HostPlan(
        name=host.name,
        roles=host.roles,
        replicas=tuple(replicas),
        gateway=_gateway(environment, host) if "gateways" in host.roles else None,
        address=host.words.address or "",
        interface=host.words.interface or "",
        directory=host.words.directory,
        hardware=host.hardware,
    )


def _gateway(environment: Environment, host: Host) -> Gateway:
    """What holds for all gateways; beside a shared address each listens on its host's own."""
    gateway, own = environment.gateway, host.words.address
    if gateway.shared_address is None or own is None:
        return gateway
    return gateway.model_copy(update={"address": own})


def _by_host(found: Mapping[str, Found]) -> dict[str, list[Seat]]:
    seats = defaultdict(list)
    for one in found.values():
        for seat in (each for whole in one.seats for each in whole.all_seats):
            seats[seat.host].append(seat)
    return seats


def _endpoints(environment: Environment, found: Mapping[str, Found]) -> dict[SeatName, str]:
    """Replica -> ADDRESS:PORT of its host; empty where all that ask it are on the same host."""
    hosts = {host.name: host for host in environment.hosts}
    askers = {host.name for host in environment.hosts if {"gateways", "monitors"} & {*host.roles}}
    taken: Counter[str] = Counter()
    endpoints = {}
    for name, one in sorted(found.items()):
        for number, seat in enumerate(one.seats, 1):
            words = hosts[seat.host].words
            port = words.engine_port + taken[seat.host]
            taken[seat.host] += 1
            # A group's rank 0 is on no network of Docker's, where others could know its name.
            remote = (askers != {seat.host} or seat.behind) and words.address is not None
            endpoints[name, number] = f"{bracketed(words.address or '')}:{port}" if remote else ""
    return endpoints


def _pool(
    environment: Environment,
    found: Found,
    shared: Mapping[str, Sequence[Seat]],
    endpoints: Mapping[SeatName, str],
    meeting: Counter[str],
) -> Pool:
    hosts = {host.name: host for host in environment.hosts}
    wish, recipe = found.wish, found.trial.recipe
    speeds = _speeds(found, hosts)
    replicas = tuple(
        dataclasses.replace(
            _everywhere(found, number, hosts, shared, meeting),
            endpoint=endpoints[wish.name, number],
            speed=speeds[id(seat.fit), hosts[seat.host].hardware.ram_gb_per_second],
        )
        for number, seat in enumerate(found.seats, 1)
    )
    return Pool(
        name=wish.name,
        public_name=wish.words.public_name or wish.name,
        engine=recipe.engine,
        model_name=recipe.alternative.entry,
        replicas=replicas,
        reasons=reasons(found, replicas),
        engine_reason=found.choice.reason,
        quantization=recipe.alternative.model.quantization,
        routing=wish.words,
        tried_as=_tried_as(environment, wish.name),
    )


def _everywhere(
    found: Found,
    number: int,
    hosts: Mapping[str, Host],
    shared: Mapping[str, Sequence[Seat]],
    meeting: Counter[str],
) -> Replica:
    """One container, or one on each of several hosts."""
    seats = found.seats[number - 1].all_seats
    ranks = [_replica(found, number, one, hosts[one.host], shared[one.host]) for one in seats]
    return joined(ranks, hosts, meeting) if len(ranks) > 1 else ranks[0]


def _tried_as(environment: Environment, candidate: str) -> tuple[str, ...]:
    return tuple(
        public
        for name, pool in environment.pools.items()
        if pool.canary is not None and pool.canary.candidate == candidate
        for public in (pool.public_name or name, *pool.aliases)
    )


# Seats with one fit are on GPUs of one kind: (the fit, GB/s of the host's RAM) -> speed.
Speeds = dict[tuple[int, float | None], Speed | None]


def _speeds(found: Found, hosts: Mapping[str, Host]) -> Speeds:
    speeds: Speeds = {}
    generates = found.wish.words.kind == "generation"
    for seat in found.seats:
        ram = hosts[seat.host].hardware.ram_gb_per_second
        if (id(seat.fit), ram) not in speeds:
            alternative = found.trial.recipe.alternative
            # Tokens a second are of text that is made one by one.
            speed = replica_speed(alternative, seat, ram) if generates else None
            speeds[id(seat.fit), ram] = speed
    return speeds


def _replica(
    found: Found, number: int, seat: Seat, host: Host, neighbours: Sequence[Seat]
) -> Replica:
    words, alternative = found.wish.words, found.trial.recipe.alternative
    node = numa_node(seat)
    cpus = words.threads or threads(host.hardware, neighbours, node)
    assert seat.fit.arguments is not None  # noqa: S101 - a seat is one that fits
    return Replica(
        name=f"{found.wish.name}-{number}",
        pool=found.wish.name,
        host=host.name,
        model=alternative.model,
        gpus=tuple(gpu.uuid for gpu in seat.gpus),
        arguments=dataclasses.replace(seat.fit.arguments, threads=cpus),
        waiting_requests=words.waiting_requests,
        memory_mib=seat.fit.ram_mib or {},
        limits=Limits(cpus=cpus, memory_mib=seat.fit.ram_limit_mib),
        endpoint="",
        numa_node=node,
        cpuset=cpu_list(host.hardware, node),
        memory=seat.fit.devices,
        verdicts=seat.fit.verdicts,
        version=alternative.version,
        gpu_name=name_of([gpu.kind for gpu in seat.gpus]),
        corrections=seat.fit.corrections,
        kv_pool=seat.fit.pool,
    )
