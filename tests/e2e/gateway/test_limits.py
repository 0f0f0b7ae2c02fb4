"""A real nginx with tiers: what each limit lets through, and what clients are told beyond it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.gateway.limited_clients import CLIENTS, TIERS, ask, streaming
from tests.e2e.gateway_lab import CHAT, Lab, docker, running_lab, said
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

IN_FLIGHT = 4
ANONYMOUS = {"requests_per_minute": 6, "burst": 4}


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway with tiers; each test has clients of its own."""
    folder = tmp_path_factory.mktemp("gateway")
    limits: dict[str, Any] = {
        "tiers": TIERS,
        "requests_in_flight": IN_FLIGHT,
        "anonymous": ANONYMOUS,
    }
    with running_lab(folder, nginx_image, clients=CLIENTS, **limits) as lab:
        yield lab


def test_requests_beyond_a_tiers_rate_are_told_when_to_come_again(lab: Lab) -> None:
    assert [ask(lab, "slow-1").status_code for _ in range(3)] == [200] * 3
    answer = ask(lab, "slow-1")
    assert said(answer) == (429, "too_many_requests")
    error = answer.json()["error"]
    assert error["message"] == "Tier slow allows 6 requests a minute and 2 more at once."
    assert error["type"] == "rate_limit_error"
    assert answer.headers["retry-after"] == "10"
    assert len(lab.seen()) == 3


def test_one_clients_limit_is_not_another_clients_of_the_same_tier(lab: Lab) -> None:
    assert [ask(lab, "slow-2").status_code for _ in range(4)] == [200] * 3 + [429]
    assert ask(lab, "slow-3").status_code == 200
    assert [lab.chat().status_code for _ in range(8)] == [200] * 8


def test_all_keys_of_a_client_share_its_limit(lab: Lab) -> None:
    assert [ask(lab, "slow-3", key).status_code for key in "abab"].count(429) >= 1


def test_a_request_beyond_those_at_once_is_refused_until_one_ends(lab: Lab) -> None:
    lab.engines("holds")
    with streaming(lab, "single-1-a"):
        answer = ask(lab, "single-1", "b")
        assert said(answer) == (429, "too_many_at_once")
        words = "Tier single allows 1 requests at the same time."
        assert answer.json()["error"]["message"] == words
        assert answer.headers["retry-after"] == "2"
        assert ask(lab, "single-2").status_code == 200
    # nginx notices a moment later that a client has left.
    lab.wait_for(200, "single-1-a")


def test_a_client_whose_tokens_are_counted_meets_every_other_limit_too(lab: Lab) -> None:
    lab.engines("holds")
    with streaming(lab, "strict-1-a"):
        assert said(ask(lab, "strict-1")) == (429, "too_many_at_once")
    statuses = [ask(lab, "strict-1", max_tokens=1).status_code for _ in range(5)]
    assert said(ask(lab, "strict-1")) == (429, "too_many_requests")
    assert 429 in statuses
    assert ask(lab, "strict-2", max_tokens=9).headers["x-homeport-pool"] == "chat"
    assert said(ask(lab, "strict-2")) == (429, "tokens_per_day")
    lab.engines("answers")
    assert said(lab.chat({"model": "nope"}, {"Authorization": "Bearer strict-2-b"}))[0] == 429


def test_more_in_flight_than_the_gateway_takes_are_refused_before_the_body_is_read(
    lab: Lab,
) -> None:
    lab.engines("holds")
    with ExitStack() as streams:
        for _ in range(IN_FLIGHT):
            streams.enter_context(streaming(lab, KEY))
        # The tier of this one has room: it is not what is told.
        assert said(ask(lab, "single-1")) == (503, "overloaded")
        answer = lab.chat()
        assert said(answer) == (503, "overloaded")
        assert answer.headers["retry-after"] == "2"
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        assert lab.raw(f"{head}Content-Length: 9\r\n\r\n".encode()).startswith(b"HTTP/1.1 503 ")
    lab.wait_for(200, KEY)


def test_whoever_tries_keys_is_limited_and_a_valid_key_from_there_is_not(lab: Lab) -> None:
    wrong = {"Authorization": "Bearer guess"}
    answers = [lab.chat(headers=wrong if number % 2 else {}) for number in range(12)]
    assert [said(answer)[0] for answer in answers] == [401] * 5 + [429] * 7
    assert said(answers[-1]) == (429, "too_many_wrong_keys")
    assert answers[-1].headers["retry-after"] == "10"
    assert plain_http.get(f"{lab.url}/v1/models", timeout=5).status_code == 429
    assert plain_http.get(f"{lab.url}/healthz", timeout=5).status_code == 200
    assert lab.chat().status_code == 200
    assert len(lab.seen()) == 1


def test_whoever_tries_keys_from_elsewhere_still_has_tries_of_its_own(lab: Lab) -> None:
    wrong = {"Authorization": "Bearer guess"}
    assert 429 in [lab.chat(headers=wrong).status_code for _ in range(8)]
    inside = f"http://{lab.container('nginx')}:8080{CHAT}"
    ask_inside = (
        "import urllib.request as u, urllib.error as e\n"
        "for _ in range(8):\n"
        f"    try: u.urlopen(u.Request('{inside}', b'x', {wrong}))\n"
        "    except e.HTTPError as error: print(error.code)\n"
    )
    asked = ("/usr/bin/python3", "-c", ask_inside)
    told = docker("exec", lab.container("chat-1"), *asked).split()
    assert told == ["401"] * 5 + ["429"] * 3
    assert lab.chat(headers=wrong).status_code == 429


def test_the_log_names_the_key_and_the_limit_that_was_met(lab: Lab) -> None:
    refused = [ask(lab, "slow-1", "b") for _ in range(4)][-1]
    line = lab.logged(refused.headers["x-request-id"])
    assert (line["client"], line["key"], line["status"]) == ("slow-1", "slow-1/b", 429)
    assert (line["error"], line["tokens"]) == ("too_many_requests", "")
    answered = lab.logged(lab.chat().headers["x-request-id"])
    assert (answered["client"], answered["key"], answered["error"]) == ("demo", "demo", "")
