"""Room for a second replica beside each one, in which it is replaced by `surge`.

A rollout has one stand-in at a time, so that what is left of a host once all pools are placed is
there for each of its replicas in turn. The stand-in is the replica once more: the same arguments,
on a GPU that it shares with the replica where the pool says `share_gpus`, or on free GPUs.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

from deploys.plan.arguments import VllmArguments
from deploys.plan.constraints import ram_constraint
from deploys.plan.memory.process import margin_mib
from deploys.plan.plan import Pool, Replica
from deploys.plan.rollout import Rollout
from deploys.plan.search.attempts import Found
from deploys.plan.search.fleet import Outcomes
from deploys.plan.search.gpus import GpuKind, UsableGpu
from deploys.plan.search.groups import groups
from deploys.plan.search.rooms import Room, Seat
from deploys.plan.search.threads import cpu_list, numa_node
from deploys.plan.verdict import Verdict
from deploys.settings.environment import Environment
from deploys.settings.group_data import HostWords
from deploys.settings.words import stand_in_of

LAST_PORT = 65535


def stand_ins(
    environment: Environment, outcomes: Outcomes, pools: Sequence[Pool]
) -> dict[str, Replica | str]:
    """Replica -> its stand-in, or what is in the way of one."""
    hosts = {host.name: host for host in environment.hosts}
    counts = Counter(replica.host for pool in pools for replica in pool.replicas)
    found: dict[str, Replica | str] = {}
    for pool in pools:
        placed = outcomes.found[pool.name]
        for replica, seat in zip(pool.replicas, placed.seats, strict=True):
            host = hosts[seat.host]
            place = _second_seat(placed, seat, outcomes.rooms[seat.host])
            endpoint = _endpoint(replica.endpoint, host.words, counts[host.name])
            if isinstance(place, str) or not (endpoint or not replica.endpoint):
                found[replica.name] = place if isinstance(place, str) else _no_port(host.words)
                continue
            node = numa_node(place)
            found[replica.name] = dataclasses.replace(
                replica,
                name=stand_in_of(replica.name),
                gpus=tuple(gpu.uuid for gpu in place.gpus),
                endpoint=endpoint,
                numa_node=node,
                cpuset=cpu_list(host.hardware, node),
            )
    return found


def _endpoint(endpoint: str, words: HostWords, replicas: int) -> str:
    """ADDRESS:PORT of the stand-in; empty where the replica has none, or the ports run into others.

    As far behind `stand_in_port` as the replica's is behind `engine_port`.
    """
    if not endpoint:
        return ""
    address, _, port = endpoint.rpartition(":")
    first = words.stand_in_port
    own = range(first, first + replicas)
    others = {words.fleet_port, *range(words.engine_port, words.engine_port + replicas)}
    if others & set(own) or own[-1] > LAST_PORT:
        return ""
    return f"{address}:{first + int(port) - words.engine_port}"


def _no_port(words: HostWords) -> str:
    return f"the ports from stand_in_port {words.stand_in_port} on are the engines' or the fleet's"


def _second_seat(found: Found, seat: Seat, room: Room) -> Seat | str:
    """Where a second one has room beside the seat's; or what is in the way, in words."""
    if seat.behind:
        return f"it is one replica on {len(seat.all_seats)} hosts"
    short = ram_constraint(seat.fit.ram_limit_mib, room.ram_mib)
    if short or not seat.gpus:
        return short or seat
    shares = found.wish.words.share_gpus
    same = [gpu for gpu in room.shared if shares and gpu.uuid == seat.gpus[0].uuid]
    if same and _holds(same[0], seat.gpus[0].kind, seat):
        return seat
    kinds = {_empty(gpu.kind) for gpu in seat.gpus}
    free = [gpu for gpu in room.free if _empty(gpu.kind) in kinds]
    for group in groups(free, len(seat.gpus), found.trial.recipe.engine):
        pairs = zip(group, seat.gpus, strict=True)
        if all(_holds(gpu, taken.kind, seat) for gpu, taken in pairs):
            return dataclasses.replace(seat, gpus=group)
    return _sum(same[0].kind, seat.fit.verdicts[0]) if same else _too_few(free, seat)


def _holds(gpu: UsableGpu, taken: GpuKind, seat: Seat) -> bool:
    """Whether a GPU of the seat's kind has room: as much as the seat's had, or by the sum."""
    if gpu.kind == taken:
        return True
    left = gpu.kind.visible_mib - gpu.kind.used_mib
    most = max(verdict.needed_mib for verdict in seat.fit.verdicts)
    arguments = seat.fit.arguments
    # vLLM refuses to start where less than its share of the GPU is free, whatever it will take.
    share = arguments.utilisation if isinstance(arguments, VllmArguments) else 0
    fits = most <= left - margin_mib(gpu.kind.visible_mib)
    return _empty(gpu.kind) == _empty(taken) and fits and share * gpu.kind.visible_mib <= left


def _empty(kind: GpuKind) -> GpuKind:
    return dataclasses.replace(kind, used_mib=0)


def _sum(kind: GpuKind, verdict: Verdict) -> str:
    left = kind.visible_mib - kind.used_mib
    margin = margin_mib(kind.visible_mib)
    return (
        f"a second one needs {verdict.needed_mib:,.0f} MiB; {left - margin:,.0f} MiB are left of "
        f"the {kind.name} ({left:,.0f} less margin {margin:,.0f})"
    )


def _too_few(free: Sequence[UsableGpu], seat: Seat) -> str:
    most = max(verdict.needed_mib for verdict in seat.fit.verdicts)
    count = len(seat.gpus)
    noun = f"a {seat.gpus[0].kind.name}" if count == 1 else f"{count} GPUs like its own"
    return f"a second one needs {noun} with {most:,.0f} MiB free; {len(free)} are free on its host"


def surging_stand_ins(
    found: Mapping[str, Replica | str], rolled: Mapping[str, Rollout]
) -> dict[str, Replica]:
    """Those that the chosen strategies call for, by their replicas."""
    return {
        name: one
        for name, one in found.items()
        if isinstance(one, Replica) and rolled[name].strategy == "surge"
    }


def obstacles(found: Mapping[str, Replica | str]) -> dict[str, str]:
    """Replica -> what is in the way of its stand-in; empty where nothing is."""
    return {name: one if isinstance(one, str) else "" for name, one in found.items()}
