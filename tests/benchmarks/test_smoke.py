"""Short runs of the benchmark: the figures are there; what they are is not judged."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.deploy_speed import Round, full_and_nothing, same_files
from tests.benchmarks.fleet import Fleet
from tests.benchmarks.measure import Measured, spread
from tests.lab.lab import Lab
from tests.lab.machine import LabError

pytestmark = pytest.mark.deploys


def test_a_short_run_writes_what_two_fleets_cost_the_controller(tmp_path: Path) -> None:
    results = tmp_path / "bench" / "deploy.json"
    assert main(["--hosts", "--fake-hosts", "1", "3", "--results", str(results)]) == 0
    document = json.loads(results.read_text())
    assert [row["hosts"] for row in document["controller"]] == [1, 3]
    assert all(row["cpu_seconds"] > 0 for row in document["controller"])
    assert "speed" not in document


@pytest.mark.docker
@pytest.mark.root
def test_a_short_run_beside_ansible_comes_to_its_end_with_ratios(tmp_path: Path) -> None:
    """In which both leave the same files, and neither changes anything the second time."""
    results = tmp_path / "deploy.json"
    short = ["--hosts", "1", "--rounds", "1", "--fake-hosts", "--results", str(results)]
    assert main(short) == 0
    rows = json.loads(results.read_text())["speed"]
    assert [row["work"] for row in rows] == ["full apply (files)", "no-op"]
    assert all(row[ratio]["least"] > 0 for row in rows for ratio in ("wall_ratio", "cpu_ratio"))


def test_tools_that_leave_different_files_end_the_benchmark() -> None:
    with pytest.raises(LabError, match=r"left different files\n.*\n.*\n.*\n-b\n\+c"):
        same_files({"homeport": "a\nb", "ansible": "a\nc"})


class _Restless(Fleet):
    """Hosts on which something is written anew at each run."""

    def forget(self) -> None:
        pass

    def left(self) -> str:
        return ""

    def stamps(self) -> str:
        return str((self.root / "output").stat().st_mtime_ns)


def test_a_second_run_that_changes_something_ends_the_benchmark(tmp_path: Path) -> None:
    fleet = _Restless(Lab("none", (), None), tmp_path, {})
    with pytest.raises(LabError, match="the second run of ansible changed something"):
        full_and_nothing(fleet, "ansible", ["true"])


def test_a_ratio_says_how_many_times_longer_the_other_took() -> None:
    one = Round(homeport=Measured(2, 1, 60), ansible=Measured(9, 8, 90))
    assert (one.wall_ratio, one.cpu_ratio) == (4.5, 8)


def test_a_spread_is_median_least_and_most() -> None:
    assert spread([3, 1, 8]) == {"median": 3, "least": 1, "most": 8}
