"""Which GPUs of a host a replica is given: alike, near each other, and no larger than needed."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence

from deploys.plan.search.alternatives import EngineName, computes_with_llamacpp
from deploys.plan.search.gpus import UsableGpu

Group = tuple[UsableGpu, ...]


def groups(free: Sequence[UsableGpu], count: int, engine: EngineName) -> Iterator[Group]:
    """Groups of `count` of the free GPUs, the one to prefer first.

    The smallest kind first; within it those that NVLink joins, then those that PCIe switches do,
    then those of one NUMA node, then any. After GPUs of one kind come those of one card whose
    memory differs, each counted as the least of them. Layers may be split over different cards
    too, tensors may not.
    """
    seen: set[tuple[str, ...]] = set()
    for group in _candidates(free, count, engine):
        uuids = tuple(gpu.uuid for gpu in group)
        if uuids not in seen:
            seen.add(uuids)
            yield group


def _candidates(free: Sequence[UsableGpu], count: int, engine: EngineName) -> Iterator[Group]:
    if count > 1:
        free = [gpu for gpu in free if not gpu.is_slice]
    for key in (_kind, _card) if count > 1 else (_kind,):
        parted = [
            tuple(sorted(gpus, key=lambda gpu: -gpu.kind.budget_mib))
            for gpus in _parted(free, key).values()
        ]
        for alike in sorted(parted, key=lambda gpus: gpus[0].kind.order):
            if len(alike) >= count:
                yield from _near_each_other(alike, count)
    if computes_with_llamacpp(engine) and count > 1 and len(free) >= count:
        largest = sorted(free, key=lambda gpu: (-gpu.kind.budget_mib, gpu.numa_node or 0))[:count]
        # In the order of the host, so that the same set is the same group.
        yield tuple(gpu for gpu in free if gpu in largest)


def _near_each_other(alike: Group, count: int) -> Iterator[Group]:
    if count > 1:
        joined = (*islands(alike, _nvlink), *islands(alike, _switches))
        yield from (island[:count] for island in joined if len(island) >= count)
    nodes = sorted(_parted(alike, lambda gpu: gpu.numa_node).values(), key=len, reverse=True)
    yield from (near[:count] for near in nodes if len(near) >= count)
    yield tuple(alike[:count])


def _kind(gpu: UsableGpu) -> Hashable:
    return gpu.kind


def _card(gpu: UsableGpu) -> Hashable:
    return gpu.kind.card


def _nvlink(gpu: UsableGpu) -> frozenset[str]:
    return gpu.peers


def _switches(gpu: UsableGpu) -> frozenset[str]:
    return gpu.switch_peers


def islands(
    gpus: Sequence[UsableGpu], peers: Callable[[UsableGpu], frozenset[str]] = _nvlink
) -> list[Group]:
    """GPUs that all are each other's `peers`, the first of them leading."""
    found: list[Group] = []
    for first in gpus:
        if any(first in island for island in found):
            continue
        joined = [first]
        for other in gpus:
            if other not in joined and all(other.uuid in peers(one) for one in joined):
                joined.append(other)
        if len(joined) > 1:
            found.append(tuple(joined))
    return found


def joined_by_nvlink(group: Sequence[UsableGpu]) -> bool:
    """Whether each of them reaches each other."""
    return all(one.uuid in other.peers for one in group for other in group if one is not other)


def _parted(
    gpus: Sequence[UsableGpu], key: Callable[[UsableGpu], Hashable]
) -> dict[Hashable, Group]:
    parts: defaultdict[Hashable, list[UsableGpu]] = defaultdict(list)
    for gpu in gpus:
        parts[key(gpu)].append(gpu)
    return {part: tuple(members) for part, members in parts.items()}
