"""A short run of `make bench-affinity`: the figures are there; what they are is not judged."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.affinity.__main__ import main

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def test_a_short_run_measures_every_policy(tmp_path: Path, nginx_image: str) -> None:
    results = tmp_path / "bench" / "affinity.json"
    assert main(["--requests", "14", "--image", nginx_image, "--results", str(results)]) == 0
    rows = json.loads(results.read_text())["policies"]
    assert [one["policy"] for one in rows] == ["least_conn", "hash", "hash with bound"]
    assert all(one["answered"] == 14 and one["p95_seconds"] > 0.3 for one in rows)
    assert rows[1]["away_from_home"] == 0
