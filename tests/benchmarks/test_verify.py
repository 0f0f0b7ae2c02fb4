"""A short run of the benchmark of verifying; how large its figures are is not judged."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.verify.__main__ import main

pytestmark = pytest.mark.deploys


def test_a_short_run_writes_what_two_fleets_take_and_asks_each_host_a_few_times(
    tmp_path: Path, fake_libraries: Path
) -> None:
    assert fake_libraries
    results = tmp_path / "bench" / "verify.json"
    assert main(["--hosts", "1", "3", "--fast", "--results", str(results)]) == 0
    rows = json.loads(results.read_text())["rows"]
    assert [row["hosts"] for row in rows] == [1, 3]
    assert all(row["wall_seconds"] > 0 for row in rows)
    # What is there, its engines, their starts, its GPUs.
    assert [row["round_trips"] for row in rows] == [4, 4]
