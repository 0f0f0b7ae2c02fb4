"""A real nginx and pools with names, kinds and sessions of their own."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping

import httpx
import pytest

from deploys.render.nginx import gateway_revision
from tests.e2e.gateway_lab import CHAT, REPLICAS, Lab, running_lab, said
from tests.e2e.gateway_tree import KEY, write_tree
from tests.e2e.raw_client import connect
from tests.e2e.routing_pools import POOLS, drained
from tests.lab import plain_http
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """The gateway of these pools, for all tests of this file."""
    with running_lab(tmp_path_factory.mktemp("routing"), nginx_image, POOLS) as lab:
        yield lab


def in_session(
    lab: Lab, session: str = "", user: str = "", *, stream: bool = False, pool: str = "session.pool"
) -> httpx.Response:
    """One request to the pool with affinity, or to another one."""
    body = {"model": pool, "stream": stream, **({"user": user} if user else {})}
    headers = {**HEADERS, **({"X-Session-Id": session} if session else {})}
    return lab.chat(body, headers)


def at_once(
    count: int, lab: Lab, session: str, pool: str = "session.pool"
) -> tuple[list[httpx.Response], list[int]]:
    """As many streams of one session, all running together; and how many each replica had."""
    answers: list[httpx.Response] = []
    lab.engines("holds")
    threads = [
        threading.Thread(
            target=lambda: answers.append(in_session(lab, session, stream=True, pool=pool))
        )
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 10
    # Those that are refused end at once, the others not before the engines are told.
    while len(lab.seen()) + len(answers) < count and time.monotonic() < give_up:
        time.sleep(0.05)
    served = [len(lab.seen(replica)) for replica in REPLICAS]
    lab.engines("answers")
    for thread in threads:
        thread.join()
    return answers, served


def ask(lab: Lab, path: str, body: Mapping[str, object]) -> httpx.Response:
    """One request to any path, with a key."""
    return plain_http.post(lab.url + path, json=body, headers=HEADERS, timeout=15)


@pytest.mark.parametrize("name", ["chat", "gpt-4o-mini", "Org/Chat-1.5"])
def test_a_pool_answers_to_each_of_its_names(lab: Lab, name: str) -> None:
    answer = lab.chat({"model": name})
    assert answer.status_code == 200
    assert answer.headers["x-homeport-pool"] == "chat"
    listed = plain_http.get(f"{lab.url}/v1/models", headers=HEADERS, timeout=15).json()["data"]
    assert name in [model["id"] for model in listed]


@pytest.mark.parametrize(
    ("path", "model"), [("/v1/embeddings", "embed"), ("/v1/rerank", "rank"), (CHAT, "chat")]
)
def test_each_kind_of_pool_answers_on_its_own_paths(lab: Lab, path: str, model: str) -> None:
    assert ask(lab, path, {"model": model}).status_code == 200
    assert [record["path"] for record in lab.seen()] == [path]


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (CHAT, "embed"),
        ("/v1/completions", "rank"),
        ("/v1/embeddings", "chat"),
        ("/v1/embeddings", "rank"),
        ("/v1/rerank", "patient"),
    ],
)
def test_a_model_of_another_kind_is_refused_with_the_paths_that_fit(
    lab: Lab, path: str, model: str
) -> None:
    answer = ask(lab, path, {"model": model})
    assert said(answer) == (400, "wrong_path")
    assert "/v1/embeddings: embed; /v1/rerank: rank" in answer.json()["error"]["message"]
    assert lab.seen() == []


def test_a_session_keeps_its_replica_and_sessions_are_spread(lab: Lab) -> None:
    served = {
        session: {in_session(lab, session).json()["served_by"] for _ in range(4)}
        for session in "abcdefghij"
    }
    assert all(len(replicas) == 1 for replicas in served.values())
    assert set.union(*served.values()) == {"chat-1", "chat-2"}


def test_who_names_no_session_is_known_by_the_bodys_user_and_then_by_the_key(lab: Lab) -> None:
    by_user = [in_session(lab, user=f"user-{number}").json()["served_by"] for number in range(10)]
    by_header = [in_session(lab, f"user-{number}", "x").json()["served_by"] for number in range(10)]
    assert by_user == by_header
    assert set(by_user) == {"chat-1", "chat-2"}
    assert {in_session(lab).json()["served_by"] for _ in range(4)} == {
        in_session(lab, "demo").json()["served_by"]
    }


def test_a_session_within_its_bound_stays_at_one_replica(lab: Lab) -> None:
    _, served = at_once(3, lab, "long")
    assert sorted(served) == [0, 3]


def test_a_session_over_its_bound_spills_and_then_waits_where_least_wait(lab: Lab) -> None:
    answers, served = at_once(12, lab, "long")
    assert Counter(answer.status_code for answer in answers) == {200: 8, 503: 4}
    assert served == [4, 4]
    reasons = Counter(one.headers.get("x-homeport-reason") for one in answers if one.is_success)
    assert reasons == {None: 6, "session_bound": 2}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "2"


def test_a_host_of_three_times_the_weight_has_three_times_the_requests(lab: Lab) -> None:
    _, served = at_once(8, lab, "", "weighted")
    assert served == [2, 6]


def test_a_request_that_kills_reaches_three_of_five_replicas(lab: Lab) -> None:
    lab.engines("crashes")
    answer = lab.chat({"model": "dies"})
    assert said(answer) == (502, "broken_off")
    assert len(lab.seen()) == 3


def test_a_request_that_breaks_off_after_half_its_time_out_is_not_sent_again(lab: Lab) -> None:
    lab.engines("dies late")
    answer = lab.chat({"model": "dies"})
    assert said(answer) == (502, "broken_off")
    assert len(lab.seen()) == 1


def test_a_client_that_hangs_up_ends_the_generation_of_a_whole_answer(lab: Lab) -> None:
    lab.engines("generates")
    text = b'{"model": "patient"}'
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    with connect(lab) as connection:
        connection.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)
        until(lab.seen)
    until(lambda: [record for record in lab.seen() if record.get("aborted")])
    # By that and not by a time-out.
    (line,) = until(lambda: [line for line in lab.log() if line["status"] == 499])
    assert line["pool"] == "patient"


def test_three_of_five_replicas_that_refuse_are_tried(lab: Lab) -> None:
    answer = lab.chat({"model": "refuses"})
    assert said(answer) == (503, "unavailable")
    tried = lab.logged(answer.headers["x-request-id"])["upstream"].split(", ")
    assert len(tried) == 3, tried


def test_a_drained_replicas_sessions_move_and_the_others_stay(lab: Lab) -> None:
    sessions = [f"drained-{number}" for number in range(8)]
    before = {one: in_session(lab, one).json()["served_by"] for one in sessions}
    revision = gateway_revision(write_tree(lab.folder, POOLS))
    (copy,) = lab.folder.glob("state/pools/*.conf")
    text = copy.read_text()
    try:
        copy.write_text(drained(text, "chat-1"))
        lab.reload()
        assert {in_session(lab, one).json()["served_by"] for one in sessions} == {"chat-2"}
    finally:
        copy.write_text(text)
        lab.reload()
    # The replica's address is looked up anew.
    until(lambda: {one: in_session(lab, one).json()["served_by"] for one in sessions} == before)
    assert plain_http.get(f"{lab.admin_url}/revision", timeout=5).json()["revision"] == revision
