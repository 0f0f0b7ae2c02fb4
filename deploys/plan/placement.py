"""Settings to a plan: which replica runs on which host, with every number written out."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping

from deploys.plan.cpu_memory import memory_limit_mib, memory_parts
from deploys.plan.plan import HostPlan, Limits, LlamaCppArguments, Plan, Pool, Replica
from deploys.settings import pool as settings
from deploys.settings.consistency import model_entry
from deploys.settings.environment import Environment, Host
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.words import bracketed

# (pool, number of the replica from 1)
Seat = tuple[str, int]


def plan_environment(environment: Environment, images: Mapping[str, str]) -> Plan:
    """The plan of a valid environment; raises Refused when a host's memory cannot hold it.

    `images` gives the reference of each image by name.
    """
    gpu_hosts = [host for host in environment.hosts if "gpu_hosts" in host.roles]
    seats = _seats(environment.pools, gpu_hosts)
    endpoints = _endpoints(environment, seats)
    pools = tuple(_pool(environment, name, seats, endpoints) for name in sorted(environment.pools))
    by_host = defaultdict(list)
    for pool in pools:
        for replica in pool.replicas:
            by_host[replica.host].append(replica)
    _refuse_what_does_not_fit(environment, by_host)
    hosts = tuple(
        HostPlan(
            name=host.name,
            roles=host.roles,
            replicas=tuple(by_host[host.name]),
            gateway=environment.gateway if "gateways" in host.roles else None,
            address=host.words.address or "",
            hardware=host.hardware,
        )
        for host in environment.hosts
    )
    return Plan(environment.name, hosts, pools, tuple(sorted(environment.clients)), images)


def _seats(pools: Mapping[str, settings.Pool], hosts: list[Host]) -> dict[Seat, Host]:
    """(pool, replica number from 1) -> host: round robin over hosts in name order."""
    names = [(name, number + 1) for name in sorted(pools) for number in range(_count(pools[name]))]
    return {seat: hosts[index % len(hosts)] for index, seat in enumerate(names)}


def _endpoints(environment: Environment, seats: Mapping[Seat, Host]) -> dict[Seat, str]:
    """Seat -> ADDRESS:PORT of its host; empty where every gateway is on the same host."""
    gateways = {host.name for host in environment.hosts if "gateways" in host.roles}
    taken: Counter[str] = Counter()
    endpoints = {}
    for seat, host in seats.items():
        port = host.words.engine_port + taken[host.name]
        taken[host.name] += 1
        remote = gateways != {host.name} and host.words.address is not None
        endpoints[seat] = f"{bracketed(host.words.address or '')}:{port}" if remote else ""
    return endpoints


def _count(words: settings.Pool) -> int:
    return 1 if words.replicas == "fill" else words.replicas


def _pool(
    environment: Environment,
    name: str,
    seats: Mapping[Seat, Host],
    endpoints: Mapping[Seat, str],
) -> Pool:
    words = environment.pools[name]
    shared = Counter(host.name for host in seats.values())
    replicas = []
    for number in range(1, _count(words) + 1):
        host = seats[name, number]
        replica = _replica(environment, name, number, host, shared[host.name])
        replicas.append(dataclasses.replace(replica, endpoint=endpoints[name, number]))
    entry = model_entry(words.model, environment.models) or words.model
    return Pool(
        name=name,
        public_name=words.public_name or name,
        engine="llamacpp",
        model_name=entry,
        replicas=tuple(replicas),
        reasons=_reasons(words, replicas),
    )


def _replica(
    environment: Environment, pool: str, number: int, host: Host, replicas_on_host: int
) -> Replica:
    words = environment.pools[pool]
    entry = model_entry(words.model, environment.models) or words.model
    model = environment.models[entry]
    threads = words.threads or max(1, host.hardware.cpu.physical_cores // replicas_on_host)
    arguments = LlamaCppArguments(
        # The cache is shared out evenly: a request must fit into its slot's part.
        context_tokens=words.context_tokens * words.slots,
        slots=words.slots,
        threads=threads,
        batch_tokens=words.batch_tokens,
        micro_batch_tokens=words.micro_batch_tokens,
        kv_cache_type="f16" if words.kv_cache_type == "auto" else words.kv_cache_type,
        flash_attention=words.flash_attention,
        gpu_layers=0,
    )
    parts = memory_parts(model, arguments)
    limits = Limits(cpus=threads, memory_mib=memory_limit_mib(parts))
    return Replica(
        name=f"{pool}-{number}",
        pool=pool,
        host=host.name,
        model=model,
        gpus=(),
        arguments=arguments,
        waiting_requests=words.waiting_requests,
        memory_mib=parts,
        limits=limits,
        endpoint="",
    )


def _reasons(words: settings.Pool, replicas: list[Replica]) -> tuple[str, ...]:
    arguments = replicas[0].arguments
    assert isinstance(arguments, LlamaCppArguments)  # noqa: S101
    return (
        f"context {arguments.context_tokens} = {words.context_tokens} tokens x {words.slots} slots",
        f"threads {arguments.threads}: "
        + ("as set" if words.threads else "physical cores shared out among the host's replicas"),
        "gpu_layers 0: the host has no GPU",
    )


def _refuse_what_does_not_fit(
    environment: Environment, by_host: Mapping[str, list[Replica]]
) -> None:
    complaints = [
        complaint
        for host in environment.hosts
        for complaint in _too_large(environment, host, by_host[host.name])
    ]
    if complaints:
        raise Refused(complaints)


def _too_large(environment: Environment, host: Host, replicas: list[Replica]) -> list[Complaint]:
    needed = sum(replica.limits.memory_mib for replica in replicas)
    available = host.hardware.memory_mib
    if needed <= available:
        return []
    terms = " + ".join(f"{replica.name} {replica.limits.memory_mib}" for replica in replicas)
    fits = available // max(replica.limits.memory_mib for replica in replicas)
    nearest = f"{fits} such replicas fit" if fits else "a smaller model or context_tokens"
    return [
        Complaint(
            f"inventories/hardware/{environment.name}.yaml",
            f"hosts.{host.name}.memory_mib",
            f"{available} MiB cannot hold {needed} MiB ({terms})",
            nearest,
        )
    ]
