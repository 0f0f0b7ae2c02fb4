"""The benchmark plans what it says it plans; how long that takes is not asserted."""

from tests.plan.benchmark import GPUS_PER_HOST, fleet, measured


def test_the_smallest_fleets_are_planned_whole() -> None:
    row = measured(2)
    assert (row.hosts, row.gpus) == (2, 2 * GPUS_PER_HOST)
    assert row.replicas == row.pools == len(fleet(2).pools)
