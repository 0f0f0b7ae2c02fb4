"""All pools of an environment over all its hosts: the largest needs first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploys.plan.calibration import measurements_of
from deploys.plan.search.alternatives import alternatives
from deploys.plan.search.attempts import Found, NotFound, Wish, place
from deploys.plan.search.in_ram import place_in_ram
from deploys.plan.search.rooms import Room, Rooms, room_of
from deploys.plan.search.seats import Memory, take_seats
from deploys.settings.engine_versions import engine_versions
from deploys.settings.environment import Environment

# How often pools go down to fewer GPUs where what they took leaves no room for all: of a fleet that
# is full most are in vain.
MOST_TRIES = 16


@dataclass(frozen=True)
class Outcomes:
    """What became of every pool, by its name."""

    found: Mapping[str, Found]
    not_found: Mapping[str, NotFound]
    rooms: Rooms
    """What is left."""
    memories: Mapping[str, Memory]
    """What was found out about each pool on the way."""


def wishes_of(environment: Environment) -> list[Wish]:
    """One per pool, in name order."""
    hosts = frozenset(host.name for host in environment.hosts if "gpu_hosts" in host.roles)
    versions = engine_versions(environment.images)
    return [
        Wish(
            name=name,
            words=words,
            named=alternatives(words, environment.models, versions),
            hosts=frozenset(words.hosts) & hosts if words.hosts else hosts,
        )
        for name, words in sorted(environment.pools.items())
    ]


def place_all(
    environment: Environment,
    known: Mapping[str, Memory] | None = None,
    most_tries: int = MOST_TRIES,
) -> Outcomes:
    """Every pool placed, or why not. The order of hosts and pools in files does not matter.

    `known` is what an earlier search found out about pools that have not changed; `most_tries`
    bounds how often pools go back on what they took.
    """
    rooms = {
        host.name: room_of(host, measurements_of(environment, host.name))
        for host in sorted(environment.hosts, key=lambda host: host.name)
        if "gpu_hosts" in host.roles
    }
    wishes = wishes_of(environment)
    on_gpus = [wish for wish in wishes if wants_gpus(wish, rooms)]
    memories = {wish.name: (known or {}).get(wish.name, Memory()) for wish in on_gpus}
    results, left = _placed(_largest_first(on_gpus, rooms, memories), rooms, memories, most_tries)
    left = _fill(results, left, memories)
    in_ram = [wish for wish in wishes if wish not in on_gpus]
    others, left = place_in_ram(in_ram, left)
    results |= {result.wish.name: result for result in others}
    found = {name: one for name, one in results.items() if isinstance(one, Found)}
    not_found = {name: one for name, one in results.items() if isinstance(one, NotFound)}
    return Outcomes(found, not_found, left, memories)


def wants_gpus(wish: Wish, rooms: Rooms) -> bool:
    """Unless it asks for none, or there are none where it may run."""
    if wish.words.gpus == 0 or wish.words.gpu_layers == 0:
        return False
    return any(rooms[host].free for host in wish.hosts)


def _placed(
    wishes: Sequence[Wish], rooms: Rooms, memories: Mapping[str, Memory], most_tries: int
) -> tuple[dict[str, Found | NotFound], dict[str, Room]]:
    """One after the other. Where one finds no room, those before it take fewer GPUs; or it comes
    first.
    """
    results: dict[str, Found | NotFound] = {}
    left = dict(rooms)
    for wish in wishes:
        results[wish.name], left = place(wish, left, memories[wish.name])
    missing = [wish for wish in wishes if isinstance(results[wish.name], NotFound)]
    alone = (place(wish, rooms, memories[wish.name])[0] for wish in missing)
    if not missing or not most_tries or any(isinstance(result, NotFound) for result in alone):
        return results, left
    turned = sorted(wishes, key=lambda wish: isinstance(results[wish.name], Found))
    for order in (wishes, turned):
        otherwise = _otherwise(order, rooms, memories, iter(range(most_tries)))
        if otherwise is not None:
            return otherwise
    return results, left


def _otherwise(
    wishes: Sequence[Wish], rooms: Rooms, memories: Mapping[str, Memory], tries: Iterator[int]
) -> tuple[dict[str, Found | NotFound], dict[str, Room]] | None:
    """All of them placed, the first ones on fewer GPUs for it; None: not in so many tries."""
    if not wishes:
        return {}, dict(rooms)
    wish, *others = wishes
    result, left = place(wish, rooms, memories[wish.name])
    while isinstance(result, Found):
        found = _otherwise(others, left, memories, tries)
        if found is not None:
            return {wish.name: result, **found[0]}, found[1]
        fewer = max(len(seat.gpus) for seat in result.seats) - 1
        if not fewer or next(tries, None) is None:
            return None
        result, left = place(wish, rooms, memories[wish.name], fewer)
    return None


def _largest_first(
    wishes: Sequence[Wish], rooms: Rooms, memories: Mapping[str, Memory]
) -> list[Wish]:
    """By what one replica would be on the empty fleet: small pools find room between large ones.

    Those that need RAM come last: they take whatever GPUs are left.
    """

    def need(wish: Wish) -> tuple[bool, int, float, str]:
        alone = replace(wish, words=wish.words.model_copy(update={"replicas": 1}))
        result, _ = place(alone, rooms, memories[wish.name])
        if isinstance(result, NotFound):
            return True, 0, 0.0, wish.name
        (seat,) = result.seats
        spills = result.trial.stages[seat.stage].in_ram in ("experts", "layers")
        size = sum(verdict.needed_mib for verdict in seat.fit.verdicts)
        return spills, -len(seat.gpus), -size, wish.name

    return sorted(wishes, key=need)


def _fill(
    results: dict[str, Found | NotFound], rooms: dict[str, Room], memories: Mapping[str, Memory]
) -> dict[str, Room]:
    """Pools that fill the GPUs share out evenly what is left after all others.

    Where they may not run on the same hosts, an even share is less than there is for them: what
    none has taken then goes to whoever can.
    """
    growing = [
        name
        for name, result in sorted(results.items())
        if isinstance(result, Found) and result.wish.words.replicas == "fill"
    ]
    for index, name in enumerate(growing):
        rooms = _grow(results, rooms, memories[name], name, len(growing) - index)
    for name in growing:
        rooms = _grow(results, rooms, memories[name], name, 1)
    return rooms


def _grow(
    results: dict[str, Found | NotFound],
    rooms: dict[str, Room],
    memory: Memory,
    name: str,
    pools: int,
) -> dict[str, Room]:
    """One pool takes its part of what there is for it, if `pools` shared that; what is left."""
    found = results[name]
    if not isinstance(found, Found):
        return rooms
    own = {host: room for host, room in rooms.items() if host in found.wish.hosts}
    all_of_it, _ = take_seats(found.trial, own, None, memory)
    seats, left = take_seats(found.trial, own, -(-len(all_of_it) // pools), memory)
    results[name] = replace(found, seats=(*found.seats, *seats))
    return {**rooms, **left}
