"""A real nginx over two replicas: turns, streams, refusals, crashes, hangs, loss and return."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.gateway_lab import CHAT, Lab, docker, start_engine, wait_until_it_serves
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}
STREAM = {"model": "chat", "stream": True}
# Longer than fail_timeout, so that a replica is tried again.
BACK_SECONDS = 5.5
# A busy machine's time for what takes a moment.
HOLD_SECONDS = 10


@pytest.fixture
def rested(lab: Lab) -> Iterator[Lab]:
    """For tests that make replicas fail: the next test finds both taken in again."""
    yield lab
    lab.engines("answers")
    # A replica that was out gets one request at a time until one of them has ended well.
    time.sleep(BACK_SECONDS)
    wait_until_it_serves(lab)


def test_both_replicas_take_part(lab: Lab) -> None:
    served: Counter[str] = Counter()
    for _ in range(10):
        answer = lab.chat()
        served[answer.json()["served_by"]] += 1
        # Its replica is free again by then: a worker that does not know it yet chooses otherwise.
        lab.logged(answer.headers["x-request-id"])
    assert served == {"chat-1": 5, "chat-2": 5}


def test_streams_are_shared_out_evenly_over_the_workers(lab: Lab) -> None:
    threads = [threading.Thread(target=lab.chat, args=(STREAM,)) for _ in range(6)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    time.sleep(0.2)
    assert (len(lab.seen("chat-1")), len(lab.seen("chat-2"))) == (3, 3)
    for thread in threads:
        thread.join()


def test_a_stream_arrives_event_by_event(lab: Lab) -> None:
    lab.engines("holds")
    with plain_http.stream(
        "POST", lab.url + CHAT, json=STREAM, headers=HEADERS, timeout=15
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        pieces = answer.iter_raw()
        # The engine goes on until it is told not to: what is held back would never come.
        assert [b"data: 0" in next(pieces) for _ in range(3)] == [True] * 3
        lab.engines("answers")
        # And then it comes to its end.
        list(pieces)


def test_a_client_that_hangs_up_ends_the_generation(lab: Lab) -> None:
    lab.engines("holds")
    with plain_http.stream(
        "POST", lab.url + CHAT, json=STREAM, headers=HEADERS, timeout=15
    ) as answer:
        request_id = answer.headers["x-request-id"]
        next(answer.iter_raw())
    assert lab.logged(request_id)["status"] == 200
    deadline = time.monotonic() + HOLD_SECONDS
    while not any(record.get("aborted") for record in lab.seen()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("status", [400, 401, 404, 422, 500])
def test_an_engines_own_error_passes_unchanged_and_is_not_tried_twice(
    lab: Lab, status: int
) -> None:
    lab.engines(f"says {status}")
    answer = lab.chat()
    assert answer.status_code == status
    assert answer.json() == {"error": {"message": "the engine's own words", "code": status}}
    assert len(lab.seen()) == 1


@pytest.mark.parametrize("mode", ["says 503", "says 429", "crashes"])
def test_a_replica_that_is_full_or_crashes_costs_no_request(rested: Lab, mode: str) -> None:
    rested.engines(mode, "chat-1")
    assert {rested.chat().json()["served_by"] for _ in range(12)} == {"chat-2"}
    assert 1 <= len(rested.seen("chat-1")) <= 4


def test_the_last_full_replicas_own_words_reach_the_client(rested: Lab) -> None:
    rested.engines("says 503")
    answer = rested.chat()
    assert answer.status_code == 503
    assert len(rested.seen()) == 2


def test_crashes_everywhere_end_in_502_after_one_try_each(rested: Lab) -> None:
    rested.engines("crashes")
    answer = rested.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "broken_off")
    assert len(rested.seen()) == 2


def test_a_pool_without_any_replica_says_503_at_once_and_when_to_come_back(lab: Lab) -> None:
    began = time.monotonic()
    answer = lab.chat({"model": "Org/Other-1.5"})
    assert time.monotonic() - began < 1
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["x-homeport-pool"] == "other"


def test_a_request_that_timed_out_is_never_sent_twice(rested: Lab) -> None:
    rested.engines("hangs")
    began = time.monotonic()
    answer = rested.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timed_out")
    assert 1.9 < time.monotonic() - began < 3.5
    assert len(rested.seen()) == 1


def test_a_stream_that_breaks_off_is_seen_by_the_client_and_not_repeated(rested: Lab) -> None:
    rested.engines("breaks off")
    with pytest.raises(httpx.RemoteProtocolError):
        rested.chat(STREAM)
    assert len(rested.seen()) == 1


def test_more_than_the_slots_and_the_queue_get_503_instead_of_waiting(rested: Lab) -> None:
    rested.engines("holds")
    statuses: list[int] = []
    # Two replicas with two slots and two waiting each: eight, and four too many.
    threads = [
        threading.Thread(target=lambda: statuses.append(rested.chat(STREAM).status_code))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + HOLD_SECONDS
    while len(statuses) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    rested.engines("answers")
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {200: 8, 503: 4}


def test_a_killed_replica_costs_no_request_and_comes_back_under_a_new_address(lab: Lab) -> None:
    results: list[tuple[int, str]] = []
    stop = threading.Event()

    def client() -> None:
        while not stop.is_set():
            answer = lab.chat()
            results.append((answer.status_code, answer.text))
            time.sleep(0.02)

    threads = [threading.Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    docker("kill", lab.container("chat-1"))
    docker("rm", lab.container("chat-1"))
    time.sleep(3)
    without = len(results)
    holder = lab.container("holder")
    image = docker("inspect", "--format={{.Image}}", lab.container("chat-2")).strip()
    try:
        # Takes the address that is free now, so that the replica must get another one.
        start_engine(lab.name, "holder", image)
        start_engine(lab.name, "chat-1", image)
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up and not _answers(results[without:], "chat-1"):
            time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        docker("rm", "--force", holder)
    failed = [line for line in lab.log() if line["status"] != 200]
    assert {status for status, _text in results} == {200}, json.dumps(failed)
    assert _answers(results[without:], "chat-1")


def _answers(results: list[tuple[int, str]], replica: str) -> bool:
    return any(json.loads(text)["served_by"] == replica for _status, text in results)
