"""Which share of each host a model has, by what is committed: what it must pay for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploys.render.release import PlannedReplica, Release

Parts = Mapping[str, float]
"""UUID of a GPU, or nothing for RAM -> which part of it a replica has."""


@dataclass(frozen=True)
class Share:
    """Of one host."""

    part: float
    """From 0 to 1: of what the host costs."""
    gpus: Parts
    """UUID of each GPU that the model uses -> the part of it that is the model's."""


@dataclass(frozen=True)
class Shares:
    """Of a fleet."""

    hosts: Mapping[str, Share]
    """Empty: no replica serves the model."""
    fleet: float
    """From 0 to 1: of what is paid for all hosts together."""
    pools: frozenset[str]
    """Those that answer under the model's name."""


def shares(releases: Sequence[Release], model: str) -> Shares:
    """By the model's public name.

    A GPU belongs to the replicas on it in equal parts, a host to the GPUs that are in use; a
    replica in RAM counts as one GPU. Hosts without engines serve all models: the model's part of
    them is the one that it has of all engines.

    Ours: a convention, as any division of joint costs is.
    """
    rows = [row for one in releases for row in one.rollouts if row.model == model]
    names, found = {row.name for row in rows}, {}
    mine = whole = 0.0
    for release in releases:
        replicas = _units(release)
        own = [parts for name, parts in replicas.items() if name in names]
        part, total = _sum(own), _sum(replicas.values())
        mine, whole = mine + part, whole + total
        if part:
            found[release.host] = Share(part / total, _added(own))
    fleet = mine / whole if whole else 0.0
    if fleet:
        found |= {one.host: Share(fleet, {}) for one in releases if not one.replicas}
    return Shares(found, fleet, frozenset(row.pool for row in rows))


def _units(release: Release) -> dict[str, Parts]:
    """Replica -> part of each GPU that it uses."""
    uses = {one.name: _gpus(one, release) for one in release.replicas}
    crowd = Counter(gpu for gpus in uses.values() for gpu in gpus)
    return {
        name: {gpu: 1 / crowd[gpu] if gpu else 1.0 for gpu in gpus} for name, gpus in uses.items()
    }


def _gpus(replica: PlannedReplica, release: Release) -> set[str]:
    """UUIDs of whole GPUs; an empty one stands for RAM."""
    known = release.hardware.gpus if release.hardware else ()
    whole = {part: one.uuid for one in known for part in one.slices}
    return {whole.get(one.gpu, one.gpu) for one in replica.devices if one.gpu} or {""}


def _sum(replicas: Iterable[Parts]) -> float:
    return sum(part for parts in replicas for part in parts.values())


def _added(replicas: Sequence[Parts]) -> Parts:
    gpus = sorted({gpu for parts in replicas for gpu in parts if gpu})
    return {gpu: sum(parts.get(gpu, 0.0) for parts in replicas) for gpu in gpus}
