"""A real nginx that keeps connections to engines: who uses them, and who closes them when."""

import dataclasses
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from deploys.operations.streams import count_connections
from deploys.plan.plan import Pool
from tests.e2e.gateway_lab import CHAT, REPLICAS, Lab, docker, running_lab
from tests.e2e.gateway_tree import KEY
from tests.e2e.raw_client import begun
from tests.e2e.routing_pools import drained, same_replicas
from tests.lab import plain_http
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}


def kept(name: str, replicas: int = 2) -> Pool:
    """A pool over the lab's engines, as if they were vLLM's."""
    pool = dataclasses.replace(same_replicas(name, waiting_requests=30), engine="vllm")
    return dataclasses.replace(pool, replicas=pool.replicas[:replicas])


POOLS = (kept("chat"), kept("fails"), kept("dies"), kept("alone", 1), same_replicas("closed"))


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """The gateway of these pools, for all tests of this file."""
    with running_lab(tmp_path_factory.mktemp("kept"), nginx_image, POOLS) as lab:
        yield lab


def ask(lab: Lab, model: str, count: int = 1) -> list[httpx.Response]:
    """One request after the other."""
    return [lab.chat({"model": model}) for _ in range(count)]


def connections(lab: Lab, replica: str) -> int:
    """What the rollout counts as a replica's answers."""
    tables = docker("exec", lab.container(replica), "cat", "/proc/net/tcp", "/proc/net/tcp6")
    return count_connections(tables.splitlines())


def wait_for_connections(lab: Lab, replica: str, count: int) -> None:
    """Until a replica has so many."""
    until(
        lambda: connections(lab, replica) == count,
        every_seconds=0.1,
        account=lambda: connections(lab, replica),
    )


def ports(lab: Lab) -> set[tuple[str, int]]:
    """Connections on which requests have come, by replica and the gateway's port."""
    return {(replica, record["port"]) for replica in REPLICAS for record in lab.seen(replica)}


def tried(lab: Lab, answer: httpx.Response) -> list[str]:
    """Addresses to which nginx has sent a request, in their order."""
    return str(lab.logged(answer.headers["x-request-id"])["upstream"]).split(", ")


def answers_until_one_met_it(lab: Lab, model: str) -> list[httpx.Response]:
    """Asks engines that were closing, until nginx has tried a request twice."""
    answers: list[httpx.Response] = []

    def met() -> bool:
        answers.extend(ask(lab, model, 4))
        return any(len(tried(lab, answer)) > 1 for answer in answers[-4:])

    until(met)
    return answers


@contextmanager
def out(lab: Lab, replica: str) -> Iterator[None]:
    """Drained until the block ends."""
    (copy,) = lab.folder.glob("state/pools/*.conf")
    text = copy.read_text()
    copy.write_text(drained(text, replica))
    try:
        lab.reload()
        yield
    finally:
        copy.write_text(text)
        lab.reload()


@contextmanager
def streamed(lab: Lab, body: dict[str, object]) -> Iterator[None]:
    """While a stream is under way."""
    url, streams = lab.url + CHAT, {**body, "stream": True}
    with plain_http.stream("POST", url, json=streams, headers=HEADERS, timeout=15) as stream:
        # An iterator that nobody holds any more closes its connection.
        pieces = stream.iter_raw()
        next(pieces)
        yield


def generated(lab: Lab) -> Counter[str]:
    """How often each request, by its number, was begun by any engine."""
    records = [dict(record["headers"]) for record in lab.seen()]
    return Counter(headers["X-Request-Id"] for headers in records)


def assert_each_was_answered_once(lab: Lab, answers: list[httpx.Response]) -> None:
    """Nobody went without, and no engine did twice what one had begun."""
    assert {answer.status_code for answer in answers} == {200}
    assert generated(lab) == Counter(answer.headers["x-request-id"] for answer in answers)


def test_requests_share_connections_and_say_nothing_of_their_end(lab: Lab) -> None:
    ask(lab, "chat", 24)
    # One for each worker and replica, and more only where a busy machine lets one idle for 4 s.
    assert len(ports(lab)) < 24
    assert "Connection" not in {name for one in lab.seen() for name, _ in one["headers"]}


def test_a_pool_of_llama_cpp_beside_them_has_one_connection_for_each_answer(lab: Lab) -> None:
    # It does not end them by itself.
    lab.engines("idles patiently")
    ask(lab, "closed", 6)
    assert len(ports(lab)) == 6
    for replica in REPLICAS:
        wait_for_connections(lab, replica, 0)


def test_an_idle_connection_is_closed_by_nginx_and_not_by_the_engine(lab: Lab) -> None:
    lab.engines("idles patiently")
    ask(lab, "alone", 24)
    assert len(ports(lab)) < 24
    wait_for_connections(lab, "chat-1", 0)


def test_a_request_that_meets_the_engines_closing_goes_to_another_replica(lab: Lab) -> None:
    lab.engines("was closing", "chat-1")
    lab.engines("answers", "chat-2")
    assert_each_was_answered_once(lab, answers_until_one_met_it(lab, "fails"))


def test_a_request_that_meets_the_closing_of_the_only_replica_has_a_new_connection(
    lab: Lab,
) -> None:
    lab.engines("was closing", "chat-1")
    answers = answers_until_one_met_it(lab, "alone")
    assert_each_was_answered_once(lab, answers)
    assert {len(set(tried(lab, answer))) for answer in answers} == {1}


def test_an_engine_that_closes_whenever_it_likes_costs_no_request(lab: Lab) -> None:
    # A pool of one, which nginx never leaves out: each closing is met anew.
    lab.engines("idles briefly", "chat-1")
    answers: list[httpx.Response] = []

    def client() -> None:
        for _ in range(100):
            answers.append(lab.chat({"model": "alone"}))
            time.sleep(random.uniform(0, 0.05))

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 400
    assert_each_was_answered_once(lab, answers)
    # Some were kept long enough for the next one.
    assert len({record["port"] for record in lab.seen("chat-1")}) < 400


def test_what_kills_every_server_reaches_each_of_them_once(lab: Lab) -> None:
    ask(lab, "dies", 8)
    lab.engines("crashes")
    (answer,) = ask(lab, "dies")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "broken_off")
    assert sorted(len(lab.seen(replica)) for replica in REPLICAS) == [1, 1]


def test_a_drained_replica_has_as_many_connections_as_answers_and_none_afterwards(
    lab: Lab,
) -> None:
    lab.engines("holds")
    with begun(lab, CHAT, {"model": "alone"}) as end, streamed(lab, {"model": "alone"}):
        # On a busy machine one is closed before it is counted.
        until(lambda: ask(lab, "alone") and connections(lab, "chat-1") > 1)
        with out(lab, "chat-1"):
            wait_for_connections(lab, "chat-1", 1)
            # An old worker still sends what had come before, and keeps nothing of it.
            assert end() == b"HTTP/1.1 200"
            wait_for_connections(lab, "chat-1", 1)
            assert {answer.status_code for answer in ask(lab, "alone", 4)} == {503}
            lab.engines("answers")
            wait_for_connections(lab, "chat-1", 0)
