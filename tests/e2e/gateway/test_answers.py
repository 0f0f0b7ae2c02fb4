"""A real nginx and answers that are late, full, lost or plain: given up, spilled, explained."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from deploys.render.nginx import gateway_revision
from tests.e2e.gateway_lab import Lab, docker, running_lab, said
from tests.e2e.gateway_tree import KEY, write_tree
from tests.e2e.routing_pools import POOLS, SPARE

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """The gateway of these pools, for all tests of this file."""
    with running_lab(tmp_path_factory.mktemp("routing"), nginx_image, POOLS) as lab:
        yield lab


@pytest.fixture(scope="module")
def spare() -> Iterator[str]:
    """Names of pools that no test has used yet."""
    return iter(SPARE)


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
