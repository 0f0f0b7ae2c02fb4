"""Where a recipe finds room: replicas spread over hosts, on GPUs no larger than needed."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploys.plan.constraints import disk_constraint, ram_constraint
from deploys.plan.search.fit import Fit
from deploys.plan.search.gpus import UsableGpu
from deploys.plan.search.groups import groups
from deploys.plan.search.joined_hosts import take_groups
from deploys.plan.search.recipes import Recipe, fit_on, may_join
from deploys.plan.search.rooms import Room, Seat, with_seat
from deploys.plan.search.stages import Stage
from deploys.plan.verdict import Outcome
from deploys.settings.pool import Pool

# Stage, replicas of the pool there, size of the GPUs, replicas there, name of the host.
Preference = tuple[int, int, int, int, str]


@dataclass
class Memory:
    """What one pool's search has found out already; hosts of one kind are asked once."""

    fits: dict[object, Fit] = field(default_factory=dict)
    places: dict[object, tuple[tuple[int, ...], Fit] | None] = field(default_factory=dict)
    obstacles: dict[str, str] = field(default_factory=dict)
    """Host -> why a fit on its GPUs could not be used."""


@dataclass(frozen=True)
class Trial:
    """One recipe, laid out in one of some stages, accepted at some outcome."""

    pool: str
    words: Pool
    recipe: Recipe
    stages: tuple[Stage, ...]
    accepted: tuple[Outcome, ...]


def take_seats(
    trial: Trial, rooms: Mapping[str, Room], wanted: int | None, memory: Memory
) -> tuple[list[Seat], dict[str, Room]]:
    """Up to `wanted` seats (None: all there are), the best first, and the rooms that are left."""
    hosts = trial.words.hosts_per_replica
    if hosts > 1:
        return take_groups(
            lambda room: _queued(trial, room, memory),
            lambda room, seat: _left_of(trial, room, seat),
            rooms,
            wanted,
            hosts,
        )
    left = dict(rooms)
    queue = [first for room in left.values() if (first := _queued(trial, room, memory))]
    heapq.heapify(queue)
    taken: list[Seat] = []
    while queue and (wanted is None or len(taken) < wanted):
        _, seat = heapq.heappop(queue)
        taken.append(seat)
        room = _left_of(trial, left[seat.host], seat)
        left[seat.host] = room
        again = _queued(trial, room, memory)
        if again:
            heapq.heappush(queue, again)
    return taken, left


def _left_of(trial: Trial, room: Room, seat: Seat) -> Room:
    entry, shares = trial.recipe.alternative.entry, trial.words.share_gpus
    return with_seat(room, seat, trial.pool, entry, shares)


def _queued(trial: Trial, room: Room, memory: Memory) -> tuple[Preference, Seat] | None:
    seat = best_seat(trial, room, memory)
    if seat is None:
        return None
    size = sum(gpu.kind.visible_mib for gpu in seat.gpus)
    here = room.pools.count(trial.pool)
    return (seat.stage, here, size, room.replicas, room.host), seat


def best_seat(trial: Trial, room: Room, memory: Memory) -> Seat | None:
    """The host's best seat, in the earliest stage that gives one."""
    for number, stage in enumerate(trial.stages):
        found = _place(trial, stage, room, memory)
        if found is None:
            continue
        indexes, fit = found
        obstacle = _obstacle(trial, fit, room)
        if obstacle is None:
            available = _available(trial, room)
            gpus = tuple(available[index] for index in indexes)
            return Seat(room.host, gpus, fit, number, trial.recipe.alternative.disk_mib)
        memory.obstacles[room.host] = obstacle
    return None


def _available(trial: Trial, room: Room) -> tuple[UsableGpu, ...]:
    """GPUs that already run replicas come first where the pool shares them."""
    return (*room.shared, *room.free) if trial.words.share_gpus else room.free


def _place(
    trial: Trial, stage: Stage, room: Room, memory: Memory
) -> tuple[tuple[int, ...], Fit] | None:
    """Indexes of the GPUs to take, and the fit on them; hosts that are alike are asked once."""
    key = (trial.recipe.key, stage, trial.accepted, room.signature)
    if key not in memory.places:
        memory.places[key] = _first_place(trial, stage, _available(trial, room), memory)
    return memory.places[key]


def _first_place(
    trial: Trial, stage: Stage, available: Sequence[UsableGpu], memory: Memory
) -> tuple[tuple[int, ...], Fit] | None:
    for group in groups(available, stage.gpus, trial.recipe.engine):
        if not may_join(trial.recipe, trial.words, group):
            continue
        fit = _fit(trial, stage, group, memory)
        if fit.outcome in trial.accepted:
            return tuple(available.index(gpu) for gpu in group), fit
    return None


def _fit(trial: Trial, stage: Stage, group: Sequence[UsableGpu], memory: Memory) -> Fit:
    key = (trial.recipe.key, stage, tuple(gpu.kind for gpu in group))
    if key not in memory.fits:
        memory.fits[key] = fit_on(trial.recipe, trial.words, group, stage)
    return memory.fits[key]


def _obstacle(trial: Trial, fit: Fit, room: Room) -> str | None:
    """What of the host stands in the way of a fit on its GPUs."""
    ram = ram_constraint(fit.ram_limit_mib, room.ram_mib)
    if ram or room.disk_mib is None or trial.recipe.alternative.entry in room.models:
        return ram
    return disk_constraint(trial.recipe.alternative.disk_mib, room.disk_mib)
