"""Short runs of the benchmark of clients: the figures are there; what they are is not judged."""

import json
from pathlib import Path

import pytest

from checks.benchmarks.second_opinions.question import Told
from tests.benchmarks.client import own_clients
from tests.benchmarks.client.__main__ import main
from tests.benchmarks.client.timed_server import Served
from tests.benchmarks.client.truth import told_by_server
from tests.checks.benchmarks.brief import ASKED, brief_run


@pytest.mark.parametrize("client", ["homeport", "httpx shared", "httpx each"])
def test_a_short_run_writes_what_a_client_says_beside_the_truth(
    client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_clients, "one_run", brief_run)
    results = tmp_path / "bench" / "client.json"
    short = ["--streams", "2", "--seconds", "0.2", "--tokens-per-event", "25"]
    assert main([*short, "--clients", client, "--results", str(results)]) == 0
    (row,) = json.loads(results.read_text())["rows"]
    assert (row["client"], row["streams"]) == (client, 2)
    assert row["said"]["answers"] == row["true"]["answers"] == ASKED
    assert row["true"]["first_p50_ms"] >= 50
    assert row["true"]["token_p50_ms"] > 0
    assert row["cpu_microseconds_per_event"] > 0


def test_the_truth_is_when_the_server_wrote_after_the_request_had_come() -> None:
    served = [Served(10.0, [10.05, 10.06, 10.07], 10.08, 12)]
    told = told_by_server(served)
    assert told == Told(1, *(pytest.approx(one) for one in (50, 50, 2.5, 80, 80)))  # type: ignore[arg-type]
