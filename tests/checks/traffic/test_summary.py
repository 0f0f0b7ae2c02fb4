"""Lines of a real gateway's log, summed up; the log was written by tests/e2e's gateway."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.traffic.entry import read_entry
from checks.traffic.quantiles import Quantiles
from checks.traffic.summary import MOST_GROUPS, Traffic

LOG = Path(__file__).with_name("access.log")
LINES = LOG.read_text().splitlines()
NAMES = {"172.26.0.2:8080": "chat-1", "172.26.0.3:8080": "chat-2"}


def read(*lines: str) -> Traffic:
    """What some lines come to."""
    found = Traffic()
    found.read(lines, NAMES)
    return found


def changed(**fields: object) -> str:
    """A real line with other values."""
    return json.dumps({**json.loads(LINES[0]), **fields})


def test_every_request_of_a_real_log_is_counted_in_each_way() -> None:
    found = read(*LINES)
    assert found.all.requests == len(LINES) == 27
    assert dict(found.all.statuses) == {200: 17, 400: 1, 401: 1, 404: 1, 502: 1, 503: 5, 504: 1}
    assert found.all.errors == 10
    for groups in (found.pools, found.replicas, found.clients):
        assert sum(group.requests for group in groups.values()) == 27
    assert found.pools["session.pool"].requests == 12
    assert found.pools["no pool"].requests == 3
    assert found.clients["no valid key"].requests == 2
    assert found.replicas["none"].requests == 7
    assert found.replicas.keys() == {"chat-1", "chat-2", "none"}


def test_shares_say_who_answered_and_reasons_why_it_was_not_the_first() -> None:
    document = read(*LINES).all.document()
    # 17 answers, and one in which an engine says itself that it is full.
    assert document["shares"] == {"fleet": round(18 / 27, 4), "gateway": round(9 / 27, 4)}
    assert document["reasons"].keys() == {"replica_full", "replica_failed", "session_bound"}
    assert document["reasons"]["session_bound"] == 6


def test_answers_that_were_kept_are_counted_where_a_pool_keeps_them() -> None:
    found = read(*(changed(cache=word) for word in ("hit", "hit", "miss", "bypass", "")))
    assert found.all.document()["cache"] == {"bypass": 1, "hit": 2, "miss": 1}
    assert read(*LINES).all.document()["cache"] == {}


def test_the_first_byte_counts_from_the_first_try() -> None:
    line = changed(
        connect_seconds="0.001, 0.002 : 0.003",
        first_byte_seconds="-, 0.2 : 0.5",
        upstream_seconds="2.0, 0.3 : 0.9",
    )
    entry = read_entry(line)
    assert entry is not None
    assert entry.first_byte_seconds == pytest.approx(2.0 + 0.3 + 0.5)
    assert entry.connect_seconds == 0.003


def test_a_request_without_an_answer_has_no_first_byte() -> None:
    timed_out = next(line for line in LINES if '"status":504' in line)
    entry = read_entry(timed_out)
    assert entry is not None
    assert entry.first_byte_seconds is None
    assert entry.total_seconds > 2


@pytest.mark.parametrize(
    "line",
    ["", "nginx: configuration file test is successful", "{", "{}", "[1]", '{"status": "x"}',
     changed(connect_seconds="0.1.2"), changed(seconds=None), changed(status="many")],
)  # fmt: skip
def test_a_line_that_is_no_request_is_counted_apart(line: str) -> None:
    found = read(line, LINES[0])
    assert (found.other_lines, found.all.requests) == (1, 1)


def test_a_log_of_an_older_release_is_read_too() -> None:
    fields = json.loads(LINES[0])
    del fields["provider"], fields["reason"]
    assert read(json.dumps(fields)).all.document()["shares"] == {"fleet": 1.0}


def test_tokens_keys_and_the_gateways_own_errors_are_counted() -> None:
    old = changed(client="team", key="team/old", tokens="17", error="")
    new = changed(client="team", key="team/new", tokens="25", error="")
    refused = changed(client="team", key="team/new", tokens="", error="tokens_per_day", status=429)
    found = read(old, new, refused, changed(key="demo"), LINES[0])
    assert found.all.document()["tokens"] == 42
    assert found.all.document()["refusals"] == {"tokens_per_day": 1}
    assert {name: group.requests for name, group in found.keys.items()} == {
        "team/old": 1,
        "team/new": 2,
    }
    assert found.clients["team"].tokens == 42


def test_percentiles_are_within_one_percent() -> None:
    found = Quantiles()
    for milliseconds in range(1, 10_001):
        found.add(milliseconds / 1000)
    for share in (0.5, 0.9, 0.95, 0.99, 1.0):
        assert found.at(share) == pytest.approx(10 * share, rel=0.011)


def test_percentiles_of_nothing_and_of_no_time_at_all() -> None:
    found = Quantiles()
    assert found.at(0.5) is None
    found.add(0.0)
    assert found.at(0.99) == 0.0


def test_memory_does_not_grow_with_the_number_of_requests() -> None:
    def lines() -> Iterator[str]:
        for number in range(12_000):
            line = LINES[0].replace('"seconds":0.0', f'"seconds":{number}.0')
            yield line.replace('"replica":"', f'"replica":"gone-{number}-')

    found = Traffic()
    found.read(lines(), {})
    assert found.all.requests == 12_000
    assert len(found.all.total.buckets) < 1000
    assert len(found.replicas) == MOST_GROUPS + 1
    assert found.replicas["others"].requests == 12_000 - MOST_GROUPS


def test_arms_are_counted_in_all_and_by_pool() -> None:
    lines = [changed(arm="candidate", cloud_arm="never"), *[changed(arm="stable")] * 3, changed()]
    found = read(*lines)
    assert found.all.document()["arms"] == {"candidate": 0.2, "stable": 0.6}
    assert found.all.document()["cloud_arms"] == {"never": 0.2}
    assert {name: group.requests for name, group in found.arms.items()} == {
        "chat candidate": 1,
        "chat stable": 3,
    }
    assert read(*LINES).arms == {}
