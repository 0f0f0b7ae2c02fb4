"""Planning's work grows no faster than the fleet: counted, not timed (`make bench-plan` times)."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.search import seats
from deploys.plan.search.fit import Fit
from deploys.plan.search.gpus import UsableGpu
from deploys.plan.search.recipes import Recipe, fit_on
from deploys.plan.search.rooms import Room, Seat
from deploys.plan.search.stages import Stage
from deploys.settings.pool import Pool
from tests.plan.benchmark import GPUS_PER_HOST, POOLS, fleet

# From eight hosts on the fleet has twenty pools and all kinds of GPUs; 100 is what is promised.
HOSTS = (8, 50, 100)


@dataclass
class Work:
    """What one fleet's plan took."""

    replicas: int = 0
    fits: int = 0
    """Estimates of a recipe on GPUs, with the tries that belong to each."""
    searches: int = 0
    """Looks for a seat in one host's room."""


@pytest.fixture(scope="module")
def work() -> dict[int, Work]:
    """By hosts."""
    with pytest.MonkeyPatch.context() as patch:
        found = {hosts: Work() for hosts in HOSTS}
        answers: dict[object, Fit] = {}
        for hosts, counts in found.items():
            _count(patch, counts, answers)
            plan = plan_environment(fleet(hosts), {})
            counts.replicas = sum(len(pool.replicas) for pool in plan.pools)
            patch.undo()
    return found


def _count(patch: pytest.MonkeyPatch, counts: Work, answers: dict[object, Fit]) -> None:
    """What was asked for another fleet is not computed again, but counts."""
    best_seat = seats.best_seat

    def fit(recipe: Recipe, words: Pool, group: Sequence[UsableGpu], stage: Stage) -> Fit:
        counts.fits += 1
        asked = words.model_dump_json(exclude={"replicas"})
        key = (recipe.key, asked, tuple(gpu.kind for gpu in group), stage)
        if key not in answers:
            answers[key] = fit_on(recipe, words, group, stage)
        return answers[key]

    def seat(trial: seats.Trial, room: Room, memory: seats.Memory) -> Seat | None:
        counts.searches += 1
        return best_seat(trial, room, memory)

    patch.setattr(seats, "fit_on", fit)
    patch.setattr(seats, "best_seat", seat)


def test_the_fleet_that_is_promised_is_planned_whole(work: dict[int, Work]) -> None:
    assert (GPUS_PER_HOST, POOLS) == (8, 20)
    assert work[100].replicas == POOLS * (100 * GPUS_PER_HOST * 3 // 4 // POOLS // 2)


def test_more_hosts_of_the_same_kinds_need_no_more_estimates(work: dict[int, Work]) -> None:
    assert work[8].fits == work[50].fits == work[100].fits > POOLS


def test_each_further_host_is_searched_as_often_as_the_one_before(work: dict[int, Work]) -> None:
    first = (work[50].searches - work[8].searches) / (50 - 8)
    second = (work[100].searches - work[50].searches) / (100 - 50)
    assert second == pytest.approx(first, rel=0.1)
    # Every pool looks into every host once for each way that it tries, and once for each replica.
    assert work[100].searches < 5 * 100 * POOLS
