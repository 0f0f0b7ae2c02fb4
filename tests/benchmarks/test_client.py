"""Short runs of the benchmark of clients: the figures are there; what they are is not judged."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.client.__main__ import main
from tests.benchmarks.client.aiperf import read
from tests.benchmarks.client.timed_server import Served
from tests.benchmarks.client.truth import Told, told_by_server
from tests.lab.machine import LabError

EXPORT = {
    "schema_version": "1.1",
    "request_count": {"unit": "requests", "avg": 20.0},
    "time_to_first_token": {"unit": "ms", "avg": 52.0, "p50": 51.0, "p99": 60.0, "count": 20},
    "inter_token_latency": {"unit": "ms", "avg": 10.1, "p50": 10.0, "p99": 11.0, "count": 20},
    "request_latency": {"unit": "ms", "avg": 1045.0, "p50": 1041.0, "p99": 1090.0, "count": 20},
}


@pytest.mark.parametrize("client", ["homeport", "httpx shared", "httpx each"])
def test_a_short_run_writes_what_a_client_says_beside_the_truth(
    client: str, tmp_path: Path
) -> None:
    results = tmp_path / "bench" / "client.json"
    short = ["--streams", "2", "--seconds", "0.2", "--tokens-per-event", "25"]
    assert main([*short, "--clients", client, "--results", str(results)]) == 0
    (row,) = json.loads(results.read_text())["rows"]
    assert (row["client"], row["streams"]) == (client, 2)
    assert row["said"]["answers"] >= 2
    assert row["true"]["first_p50_ms"] >= 50
    assert row["true"]["token_p50_ms"] > 0
    assert row["cpu_microseconds_per_event"] > 0


def test_the_truth_is_when_the_server_wrote_after_the_request_had_come() -> None:
    served = [Served(10.0, [10.05, 10.06, 10.07], 10.08, 12)]
    told = told_by_server(served)
    assert told == Told(1, *(pytest.approx(one) for one in (50, 50, 2.5, 80, 80)))  # type: ignore[arg-type]


def test_what_aiperf_exports_is_read_in_its_units() -> None:
    assert read(EXPORT) == Told(20, 51, 60, 10, 1041, 1090)
    export = {**EXPORT, "request_latency": {**EXPORT["request_latency"], "unit": "s"}}  # type: ignore[dict-item]
    with pytest.raises(LabError, match="other units than ms"):
        read(export)
