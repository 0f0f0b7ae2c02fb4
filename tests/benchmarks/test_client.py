"""Short runs of the benchmark of clients: what is said can be true, however busy a machine is.

How late a client is depends on the machine, and is not judged; that it is not early, and that it
has seen all that was sent, depends on nothing.
"""

import json
import os
from pathlib import Path

import pytest

from checks.benchmarks.load.measure import Spans
from checks.benchmarks.second_opinions.question import Told
from tests.benchmarks.client import own_clients
from tests.benchmarks.client.__main__ import main
from tests.benchmarks.client.own_clients import CLIENTS, TOKENS, measured
from tests.benchmarks.client.timed_server import Served
from tests.benchmarks.client.truth import timed_server, told_by_server, truth
from tests.checks.benchmarks.brief import ASKED, brief_run
from tests.checks.benchmarks.second_opinions.other_client import program

EVENTS = 4
GAP_SECONDS, FIRST_SECONDS = 0.01, 0.05
TIMED = (
    *("--first-ms", str(FIRST_SECONDS * 1000), "--gap-ms", str(GAP_SECONDS * 1000)),
    *("--tokens-per-event", str(TOKENS // EVENTS)),
)
# The kernel stamps by a clock that is slewed meanwhile, by half a thousandth at most (adjtimex).
CLOCKS_SECONDS = 0.001
# In place of vLLM's own client: asks one after the other, and leaves what that would leave.
STAND_IN = """
import time, urllib.request
word = lambda name: sys.argv[sys.argv.index(name) + 1]
found = {name: [] for name in ("start_times", "ttfts", "itls", "output_lens", "errors")}
for line in pathlib.Path(word("--dataset-path")).read_text().splitlines():
    asked = json.loads(line)
    message = {"role": "user", "content": asked["prompt"]}
    body = {"messages": [message], "max_tokens": asked["output_tokens"]}
    begun, came = time.monotonic(), []
    where = word("--base-url") + word("--endpoint")
    with urllib.request.urlopen(where, json.dumps(body).encode()) as answer:
        came = [time.monotonic() for event in answer if b'"finish_reason": null' in event]
    found["start_times"].append(begun)
    found["ttfts"].append(came[0] - begun)
    found["itls"].append([later - one for one, later in zip(came, came[1:])])
    found["output_lens"].append(asked["output_tokens"])
    found["errors"].append("")
pathlib.Path(word("--result-dir"), word("--result-filename")).write_text(json.dumps(found))
"""


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


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_sees_every_token_and_none_before_it_was_sent(
    client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_clients, "one_run", brief_run)
    with timed_server(*TIMED) as url:
        samples = measured(client, url, 1, Spans(0, 0, 1)).run.samples
        served = truth(url)
    assert len(samples) == len(served) == ASKED
    for sample, true in zip(samples, served, strict=True):
        assert sample.tokens == true.tokens == TOKENS
        assert len(sample.arrivals) == len(true.writes) == EVENTS
        said, sent = [*sample.arrivals, sample.ended], [*true.writes, true.ended]
        early = [wrote - came for came, wrote in zip(said, sent, strict=True)]
        assert max(early) <= CLOCKS_SECONDS, early


@pytest.mark.parametrize("client", CLIENTS)
def test_no_time_that_a_client_says_is_shorter_than_the_server_was_told_to_take(
    client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_clients, "one_run", brief_run)
    with timed_server(*TIMED) as url:
        samples = measured(client, url, 1, Spans(0, 0, 1)).run.samples
    whole = FIRST_SECONDS + (EVENTS - 1) * GAP_SECONDS
    for sample in samples:
        assert sample.first_token_seconds >= FIRST_SECONDS - CLOCKS_SECONDS
        assert sample.total_seconds >= whole - CLOCKS_SECONDS
        gaps = [sample.first_token_seconds, *sample.gaps_seconds]
        assert sum(gaps) >= whole - CLOCKS_SECONDS


def test_another_clients_program_is_asked_and_stands_beside_the_truth_of_what_it_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, STAND_IN, name="vllm")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    results = tmp_path / "client.json"
    words = ["--clients", "vllm", "--streams", "2", "--seconds", "1.5", "--tokens-per-event", "25"]
    assert main([*words, "--results", str(results)]) == 0
    (row,) = json.loads(results.read_text())["rows"]
    said, true = row["said"], row["true"]
    assert (row["client"], row["streams"], row["cpu_microseconds_per_event"]) == ("vllm", 2, None)
    # Its warm-up, a request of each user, is in neither.
    assert said["answers"] == true["answers"] == 3
    for name in ("first_p50_ms", "first_p99_ms"):
        assert said[name] >= true[name] >= FIRST_SECONDS * 1000 - 1
    assert said["total_p99_ms"] >= (FIRST_SECONDS + (EVENTS - 1) * GAP_SECONDS) * 1000 - 1
    (line,) = (one for one in capsys.readouterr().out.splitlines() if one.startswith("vllm"))
    assert line.split()[:3] == ["vllm", "2", "3"]
    assert line.rstrip().endswith("-")


def test_the_truth_is_when_the_server_wrote_after_the_request_had_come() -> None:
    served = [Served(10.0, [10.05, 10.06, 10.07], 10.08, 12)]
    told = told_by_server(served)
    assert told == Told(1, *(pytest.approx(one) for one in (50, 50, 2.5, 80, 80)))  # type: ignore[arg-type]
