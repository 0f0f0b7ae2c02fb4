"""The order in which a pool's search goes on: the first attempt with room for all is taken.

1. everything on GPUs, with the margin free: one GPU, then two, and so on; on as many GPUs the best
   quantization first, with an f16 cache before a q8_0 one;
2. the same, reaching into the margin;
3. for llama.cpp: experts in RAM, then whole layers, in the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.engines import EngineChoice, engine_choices
from deploys.plan.search.recipes import Recipe, recipes
from deploys.plan.search.rooms import Room, Rooms, Seat
from deploys.plan.search.seats import Memory, Trial, take_seats
from deploys.plan.search.stages import Stage, stages
from deploys.plan.verdict import Outcome
from deploys.settings.pool import Pool

ROOMY = (Outcome.FITS,)
TIGHT = (Outcome.FITS, Outcome.TIGHT)


@dataclass(frozen=True)
class Wish:
    """One pool to place."""

    name: str
    words: Pool
    named: tuple[Alternative, ...]
    """Alternatives, best first."""
    hosts: frozenset[str]
    """Where it may run."""

    @property
    def wanted(self) -> int:
        """Replicas there must be; a pool that fills the GPUs has one at least."""
        return 1 if self.words.replicas == "fill" else self.words.replicas


@dataclass(frozen=True)
class Found:
    """How a pool is placed."""

    wish: Wish
    choice: EngineChoice
    trial: Trial
    seats: tuple[Seat, ...]
    memory: Memory
    """What else was tried."""


@dataclass(frozen=True)
class NotFound:
    """Why a pool is not."""

    wish: Wish
    most: int
    """Replicas that the best attempt had room for."""
    memory: Memory
    obstacles: Mapping[str, str]
    """Host -> what of it was in the way then: the memory goes on with the search."""
    hosts: tuple[str, ...] = ()
    """In RAM: where its replicas would have been, in turn."""


def place(
    wish: Wish, rooms: Rooms, memory: Memory, most_gpus: int | None = None
) -> tuple[Found | NotFound, dict[str, Room]]:
    """Seats for all replicas and the rooms that are left, or why not; nothing is half placed.

    `most_gpus`: of one replica; None: as many as a host has.
    """
    own = {name: room for name, room in rooms.items() if name in wish.hosts}
    most = 0
    memory.obstacles.clear()
    for choice, trial in _attempts(wish, own, most_gpus):
        seats, left = take_seats(trial, own, wish.wanted, memory)
        if len(seats) == wish.wanted:
            return Found(wish, choice, trial, tuple(seats), memory), {**rooms, **left}
        most = max(most, len(seats))
    return NotFound(wish, most, memory, dict(memory.obstacles)), dict(rooms)


def _attempts(wish: Wish, rooms: Rooms, limit: int | None) -> Iterator[tuple[EngineChoice, Trial]]:
    most_gpus = max(map(_gpu_count, rooms.values()), default=0)
    most_gpus = most_gpus if limit is None else min(limit, most_gpus)
    choices = engine_choices(wish.words, wish.named, on_gpus=most_gpus > 0)
    ways = [_way(wish, choice, rooms, most_gpus) for choice in choices]
    for accepted in (ROOMY, TIGHT):
        for way in ways:
            yield from _widening(wish, way, (), way.on_gpus, accepted)
    for accepted in (ROOMY, TIGHT):
        for way in ways:
            yield from _widening(wish, way, way.on_gpus, way.in_ram, accepted)


@dataclass(frozen=True)
class _Way:
    """What one engine could do."""

    choice: EngineChoice
    cooked: Sequence[Recipe]
    on_gpus: tuple[Stage, ...]
    in_ram: tuple[Stage, ...]


def _way(wish: Wish, choice: EngineChoice, rooms: Rooms, most_gpus: int) -> _Way:
    kinds = {gpu.kind for room in rooms.values() for gpu in room.free}
    cooked = recipes(choice.engine, wish.words, wish.named, kinds)
    has_experts = any(_has_experts(recipe) for recipe in cooked)
    every = stages(choice.engine, wish.words, most_gpus, has_experts)
    on_gpus = tuple(stage for stage in every if stage.in_ram in ("nothing", "as set"))
    return _Way(choice, cooked, on_gpus, tuple(stage for stage in every if stage not in on_gpus))


def _widening(
    wish: Wish,
    way: _Way,
    known: Sequence[Stage],
    further: Sequence[Stage],
    accepted: tuple[Outcome, ...],
) -> Iterator[tuple[EngineChoice, Trial]]:
    """With each stage those before it stay allowed: hosts of one fleet may differ."""
    for count in range(1, len(further) + 1):
        allowed = (*known, *further[:count])
        for recipe in way.cooked:
            yield way.choice, Trial(wish.name, wish.words, recipe, allowed, accepted)


def _gpu_count(room: Room) -> int:
    return len(room.free) + len(room.shared)


def _has_experts(recipe: Recipe) -> bool:
    shape = recipe.alternative.model.architecture
    return shape is not None and shape.experts is not None
