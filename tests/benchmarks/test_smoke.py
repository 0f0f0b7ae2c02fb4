"""A short run of the benchmark: the figures are there; what they are is not judged."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.deploy_speed import Round
from tests.benchmarks.measure import Measured, spread

pytestmark = pytest.mark.deploys


def test_a_short_run_writes_what_two_fleets_cost_the_controller(tmp_path: Path) -> None:
    results = tmp_path / "bench" / "deploy.json"
    assert main(["--hosts", "--fake-hosts", "1", "3", "--results", str(results)]) == 0
    document = json.loads(results.read_text())
    assert [row["hosts"] for row in document["controller"]] == [1, 3]
    assert all(row["cpu_seconds"] > 0 for row in document["controller"])
    assert "speed" not in document


def test_a_ratio_says_how_many_times_longer_the_other_took() -> None:
    one = Round(homeport=Measured(2, 1, 60), ansible=Measured(9, 8, 90))
    assert (one.wall_ratio, one.cpu_ratio) == (4.5, 8)


def test_a_spread_is_median_least_and_most() -> None:
    assert spread([3, 1, 8]) == {"median": 3, "least": 1, "most": 8}
