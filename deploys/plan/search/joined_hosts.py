"""Which hosts together are one replica: with the same GPUs, laid out in the same way."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

from deploys.plan.search.rooms import Room, Seat

# A host's best seat, and how much it is preferred (see seats.Preference).
Ranked = tuple[tuple[int, int, int, int, str], Seat]


def take_groups(
    rank: Callable[[Room], Ranked | None],
    leave: Callable[[Room, Seat], Room],
    rooms: Mapping[str, Room],
    wanted: int | None,
    hosts: int,
) -> tuple[list[Seat], dict[str, Room]]:
    """Up to `wanted` seats (None: all there are), each on `hosts` hosts, and what is left.

    The preferred host of each is rank 0, which answers; on all of them vLLM starts as many workers,
    so a stage is as slow, and its cache as small, as that on the least GPU.
    """
    left, taken = dict(rooms), list[Seat]()
    while wanted is None or len(taken) < wanted:
        found = _preferred(rank, left, hosts)
        if found is None:
            break
        taken.append(found)
        for seat in found.all_seats:
            left[seat.host] = leave(left[seat.host], seat)
    return taken, left


def _preferred(
    rank: Callable[[Room], Ranked | None], rooms: Mapping[str, Room], hosts: int
) -> Seat | None:
    alike: defaultdict[Hashable, list[Ranked]] = defaultdict(list)
    for room in rooms.values():
        ranked = rank(room)
        if ranked is not None:
            kinds = tuple(gpu.kind for gpu in ranked[1].gpus)
            alike[ranked[1].stage, kinds].append(ranked)
    groups = [sorted(found)[:hosts] for found in alike.values() if len(found) >= hosts]
    if not groups:
        return None
    # Names of hosts are no two alike, so that seats are never compared.
    first, *others = [seat for _, seat in min(groups, key=lambda found: [one for one, _ in found])]
    behind = zip(others, first.fit.behind, strict=True)
    return replace(first, behind=tuple(replace(seat, fit=fit) for seat, fit in behind))
