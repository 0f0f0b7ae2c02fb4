"""A real nginx and pools with words of their own: names, kinds, sessions, time-outs, origins."""

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping

import httpx
import pytest

from deploys.plan.plan import Pool
from deploys.render.nginx import gateway_revision
from deploys.settings.routing import Routing
from tests.e2e.gateway_lab import (
    CHAT,
    KEY,
    REPLICAS,
    Lab,
    docker,
    running_lab,
    said,
    write_tree,
)
from tests.render.plans import small_pool

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}


def same_replicas(name: str, waiting_requests: int = 2, **routing: object) -> Pool:
    """Another pool over the lab's two engines."""
    pool = small_pool(name, 2, waiting_requests=waiting_requests)
    pool = dataclasses.replace(pool, routing=Routing.model_validate(routing))
    replicas = zip(pool.replicas, REPLICAS, strict=True)
    return dataclasses.replace(
        pool, replicas=tuple(dataclasses.replace(one, name=engine) for one, engine in replicas)
    )


PATIENT = ("patient", "patient-2", "patient-3")
# Whom failures have taken out of one pool is still in the others.
SPARE = tuple(f"spare-{number}" for number in range(1, 8))
POOLS = (
    *map(same_replicas, SPARE),
    same_replicas("chat", aliases=("gpt-4o-mini", "Org/Chat-1.5")),
    same_replicas("embed", kind="embeddings"),
    *(same_replicas(name, first_byte_seconds=8, stream_silence_seconds=1) for name in PATIENT),
    same_replicas("loses", waiting_requests=30, first_byte_seconds=8),
    same_replicas("rank", kind="reranking"),
    # Two slots and one waiting before a session spills, one more waiting at each afterwards.
    same_replicas("session.pool", affinity={"header": "X-Session-Id", "waiting_requests": 1}),
)


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """The gateway of these pools, for all tests of this file."""
    with running_lab(tmp_path_factory.mktemp("routing"), nginx_image, POOLS) as lab:
        yield lab


@pytest.fixture(scope="module")
def spare() -> Iterator[str]:
    """Names of pools that no test has used yet."""
    return iter(SPARE)


def in_session(
    lab: Lab, session: str = "", user: str = "", *, stream: bool = False
) -> httpx.Response:
    """One request to the pool with affinity."""
    body = {"model": "session.pool", "stream": stream, **({"user": user} if user else {})}
    headers = {**HEADERS, **({"X-Session-Id": session} if session else {})}
    return lab.chat(body, headers)


def at_once(count: int, lab: Lab, session: str) -> list[httpx.Response]:
    """As many streams of one session, all running together."""
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(in_session(lab, session, stream=True)))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def ask(lab: Lab, path: str, body: Mapping[str, object]) -> httpx.Response:
    """One request to any path, with a key."""
    return httpx.post(lab.url + path, json=body, headers=HEADERS, timeout=15)


@pytest.mark.parametrize("name", ["chat", "gpt-4o-mini", "Org/Chat-1.5"])
def test_a_pool_answers_to_each_of_its_names(lab: Lab, name: str) -> None:
    answer = lab.chat({"model": name})
    assert answer.status_code == 200
    assert answer.headers["x-homeport-pool"] == "chat"
    listed = httpx.get(f"{lab.url}/v1/models", headers=HEADERS, timeout=15).json()["data"]
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
    at_once(3, lab, "long")
    assert sorted(map(len, (lab.seen("chat-1"), lab.seen("chat-2")))) == [0, 3]


def test_a_session_over_its_bound_spills_and_then_waits_where_least_wait(lab: Lab) -> None:
    answers = at_once(12, lab, "long")
    assert Counter(answer.status_code for answer in answers) == {200: 8, 503: 4}
    assert (len(lab.seen("chat-1")), len(lab.seen("chat-2"))) == (4, 4)
    reasons = Counter(one.headers.get("x-homeport-reason") for one in answers if one.is_success)
    assert reasons == {None: 6, "session_bound": 2}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "2"


def test_a_drained_replicas_sessions_move_and_the_others_stay(lab: Lab) -> None:
    sessions = [f"drained-{number}" for number in range(8)]
    before = {one: in_session(lab, one).json()["served_by"] for one in sessions}
    revision = gateway_revision(write_tree(lab.folder, POOLS))
    (copy,) = lab.folder.glob("state/pools/*.conf")
    text = copy.read_text()
    drained = [
        line.replace(";", " down;", 1) if line.endswith("# chat-1") else line
        for line in text.splitlines()
    ]
    try:
        copy.write_text("\n".join(drained) + "\n")
        reload(lab)
        assert {in_session(lab, one).json()["served_by"] for one in sessions} == {"chat-2"}
    finally:
        copy.write_text(text)
        reload(lab)
    assert {one: in_session(lab, one).json()["served_by"] for one in sessions} == before
    assert httpx.get(f"{lab.admin_url}/revision", timeout=5).json()["revision"] == revision


def reload(lab: Lab) -> None:
    """Has nginx load its files; old workers are gone before the next new connection."""
    docker("kill", "--signal=HUP", lab.container("nginx"))
    time.sleep(1)


def test_a_whole_answer_may_take_as_long_as_its_pool_allows(lab: Lab) -> None:
    lab.engines("thinks")
    assert lab.chat({"model": "patient"}).status_code == 200


@pytest.mark.parametrize(("model", "stream"), [("patient-2", True), ("", True), ("", False)])
def test_an_engine_that_is_silent_for_longer_is_given_up_and_not_asked_twice(
    lab: Lab, spare: Iterator[str], model: str, stream: bool
) -> None:
    lab.engines("thinks")
    answer = lab.chat({"model": model or next(spare), "stream": stream})
    assert said(answer) == (504, "timed_out")
    # The patient pool's streams for one second, others for the gateway's two.
    waited = float(lab.logged(answer.headers["x-request-id"])["upstream_seconds"])
    assert int(waited) == (1 if model else 2)
    assert len(lab.seen()) == 1


def test_a_stream_outlives_its_time_out_as_long_as_it_is_not_silent(lab: Lab) -> None:
    lab.engines("talks")
    answer = lab.chat({"model": "patient", "stream": True})
    assert answer.status_code == 200
    assert answer.text.count("data:") == 8
    assert answer.elapsed.total_seconds() > 1


def test_a_word_deep_in_the_body_is_not_taken_for_a_stream(lab: Lab) -> None:
    lab.engines("thinks")
    body = {"model": "patient", "messages": [{"stream": True}], "text": '"stream": true'}
    assert lab.chat(body).status_code == 200


def test_a_large_body_is_known_for_a_stream_too(lab: Lab) -> None:
    lab.engines("thinks")
    body = {"model": "patient-3", "image": "A" * 1_200_000, "stream": True}
    assert said(lab.chat(body)) == (504, "timed_out")


def test_an_answer_says_who_gave_it_and_under_which_release(lab: Lab) -> None:
    answer = lab.chat()
    assert answer.headers["x-homeport-provider"] == "fleet"
    assert answer.headers["x-homeport-release"] == gateway_revision(write_tree(lab.folder, POOLS))
    assert "x-homeport-reason" not in answer.headers
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["provider"], line["reason"]) == ("fleet", "")


def test_who_has_no_key_learns_of_no_release_and_no_provider(lab: Lab) -> None:
    answer = lab.chat(headers={})
    assert answer.status_code == 401
    assert not {"x-homeport-release", "x-homeport-provider"} & answer.headers.keys()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("says 503", "replica_full"), ("says 429", "replica_full"), ("crashes", "replica_failed")],
)
def test_an_answer_of_the_second_replica_says_why_it_was_not_the_first(
    lab: Lab, spare: Iterator[str], mode: str, reason: str
) -> None:
    lab.engines(mode, "chat-1")
    model = next(spare)
    answers = [lab.chat({"model": model}) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    reasons = {answer.headers.get("x-homeport-reason") for answer in answers} - {None}
    assert reasons == {reason}


@pytest.mark.parametrize(("mode", "seconds"), [("is full", "2"), ("says 503", "7")])
def test_a_full_engines_own_words_come_with_a_time_to_wait(
    lab: Lab, spare: Iterator[str], mode: str, seconds: str
) -> None:
    lab.engines(mode)
    answer = lab.chat({"model": next(spare)})
    assert answer.status_code == 503
    assert answer.headers.get_list("retry-after") == [seconds]
    assert len(lab.seen()) == 2


# The last one: a replica that was started anew takes a while to be known again.
def test_a_request_outlives_that_its_replica_leaves_the_pool_while_it_connects(lab: Lab) -> None:
    # It has two seconds to connect, and nginx knows Docker's names for two: while requests knock at
    # the replica that is gone, nginx learns that only the other one is left. That one is kept busy,
    # or all of them would go there.
    lab.engines("thinks", "chat-2")
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(lab.chat({"model": "loses"})))
        for _ in range(24)
    ]
    killed = threading.Thread(target=docker, args=("kill", lab.container("chat-1")))
    killed.start()
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in (killed, *threads):
        thread.join()
    docker("start", lab.container("chat-1"))
    assert Counter(answer.status_code for answer in answers) == {200: 24}
    # And none of them was generated twice.
    served = Counter(answer.json()["served_by"] for answer in answers)
    assert len(lab.seen("chat-2")) == served["chat-2"]
