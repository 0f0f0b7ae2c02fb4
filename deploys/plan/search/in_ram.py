"""Pools without GPUs: replicas in turn over the hosts, in RAM alone."""

from collections import Counter
from collections.abc import Mapping, Sequence

from deploys.plan.calibration import HostMeasurements
from deploys.plan.constraints import disk_constraint, ram_constraint
from deploys.plan.search import llamacpp_fit, llamacpp_question
from deploys.plan.search.attempts import ROOMY, Found, NotFound, Wish
from deploys.plan.search.engines import engine_choices
from deploys.plan.search.fit import Fit, refused
from deploys.plan.search.recipes import Recipe, recipes
from deploys.plan.search.rooms import Room, Seat, with_seat
from deploys.plan.search.seats import Memory, Trial
from deploys.plan.search.stages import Stage
from deploys.plan.verdict import Outcome

RAM_ALONE = Stage(0, "nothing")


def place_in_ram(
    wishes: Sequence[Wish], rooms: Mapping[str, Room]
) -> tuple[list[Found | NotFound], dict[str, Room]]:
    """Round robin over the hosts in name order, one pool after the other."""
    left, results, turn = dict(rooms), [], 0
    for wish in wishes:
        hosts = sorted(wish.hosts)
        seats = [hosts[(turn + number) % len(hosts)] for number in range(wish.wanted)]
        turn += wish.wanted
        result = _placed(wish, seats, left)
        results.append(result)
        if isinstance(result, Found):
            entry = result.trial.recipe.alternative.entry
            for seat in result.seats:
                left[seat.host] = with_seat(left[seat.host], seat, wish.name, entry, shares=False)
    return results, left


def _placed(wish: Wish, hosts: Sequence[str], rooms: Mapping[str, Room]) -> Found | NotFound:
    """The best quantization that all of its hosts have RAM and disk for."""
    memory = Memory()
    (choice,) = engine_choices(wish.words, wish.named, on_gpus=False)
    if choice.engine == "vllm":
        memory.fits["vllm"] = refused("vllm is planned on GPUs, and none of its hosts has one")
        return NotFound(wish, 0, memory, memory.obstacles, tuple(hosts))
    for recipe in recipes(choice.engine, wish.words, wish.named, ()):
        fits = _fits(wish, recipe, hosts, rooms)
        fit = memory.fits[recipe.key] = max(fits.values(), key=lambda one: one.ram_limit_mib)
        if fit.outcome is not Outcome.REFUSED and _has_room(recipe, fits, hosts, rooms, memory):
            trial = Trial(wish.name, wish.words, recipe, (RAM_ALONE,), ROOMY)
            disk = recipe.alternative.disk_mib
            seats = tuple(Seat(host, (), fits[host], 0, disk) for host in hosts)
            return Found(wish, choice, trial, seats, memory)
    if not memory.fits:
        words = "without a GPU it takes GGUF, and the catalogue has the model as safetensors only"
        memory.fits["format"] = refused(words)
    return NotFound(wish, 0, memory, memory.obstacles, tuple(hosts))


def _fits(
    wish: Wish, recipe: Recipe, hosts: Sequence[str], rooms: Mapping[str, Room]
) -> dict[str, Fit]:
    """Host -> the fit there; one for all hosts on which nothing was measured."""
    known: dict[HostMeasurements | None, Fit] = {}
    for measured in {rooms[host].measured for host in hosts}:
        question = llamacpp_question.Question(
            wish.words, recipe.alternative, recipe.cache_type, (), measured
        )
        known[measured] = llamacpp_fit.fit(question, RAM_ALONE.in_ram)
    return {host: known[rooms[host].measured] for host in hosts}


def _has_room(
    recipe: Recipe,
    fits: Mapping[str, Fit],
    hosts: Sequence[str],
    rooms: Mapping[str, Room],
    memory: Memory,
) -> bool:
    alternative = recipe.alternative
    for host, count in Counter(hosts).items():
        room = rooms[host]
        short = ram_constraint(fits[host].ram_limit_mib * count, room.ram_mib)
        if not short and room.disk_mib is not None and alternative.entry not in room.models:
            short = disk_constraint(alternative.disk_mib, room.disk_mib)
        if short:
            memory.obstacles[host] = short
            return False
    return True
