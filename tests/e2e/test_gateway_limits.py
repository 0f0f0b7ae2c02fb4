"""A real nginx with tiers: what each limit lets through, and what clients are told beyond it."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.e2e.gateway_lab import CHAT, KEY, Lab, running_lab, said

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

TIERS = {
    "slow": {"requests_per_minute": 6, "burst": 2},
    "single": {"concurrent_requests": 1},
    "metered": {"tokens_per_minute": 100},
    "budget": {"tokens_per_day": 100},
    "strict": {
        "requests_per_minute": 6,
        "burst": 3,
        "concurrent_requests": 1,
        "tokens_per_day": 9,
    },
}
TIER_OF = {
    "slow": ("slow-1", "slow-2", "slow-3"),
    "single": ("single-1", "single-2"),
    "metered": ("metered-1",),
    "strict": ("strict-1", "strict-2"),
    "budget": ("budget-1", "budget-2", "budget-3", "budget-4", "budget-5", "budget-6"),
}
CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    **{
        name: {
            "tier": tier,
            "keys": {"a": {"key": f"file:{name}-a"}, "b": {"key": f"file:{name}-b"}},
        }
        for tier, names in TIER_OF.items()
        for name in names
    },
}
IN_FLIGHT = 4
ANONYMOUS = {"requests_per_minute": 6, "burst": 4}
# nginx writes counts a second after they changed.
WRITTEN_SECONDS = 5


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway with tiers; each test has clients of its own."""
    folder = tmp_path_factory.mktemp("gateway")
    limits = {"tiers": TIERS, "requests_in_flight": IN_FLIGHT, "anonymous": ANONYMOUS}
    with running_lab(folder, nginx_image, CLIENTS, **limits) as lab:
        yield lab


def ask(lab: Lab, client: str, key: str = "a", **words: object) -> httpx.Response:
    """One chat completion of a client."""
    body = {"model": "chat", "messages": [], **words}
    return lab.chat(body, headers={"Authorization": f"Bearer {client}-{key}"})


@contextmanager
def streaming(lab: Lab, key: str, **words: object) -> Iterator[Iterator[str]]:
    """A stream that has begun; broken off where the block ends."""
    body = {"model": "chat", "stream": True, **words}
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.stream("POST", lab.url + CHAT, json=body, headers=headers, timeout=15) as answer:
        pieces = answer.iter_text()
        next(pieces)
        yield pieces


def tokens_today(lab: Lab, client: str) -> int:
    """What nginx has written about a client's day."""
    file = lab.folder / "state" / "counters" / "tokens_by_day.json"
    counts = json.loads(file.read_text()) if file.exists() else {}
    found = [line["value"] for key, line in counts.items() if key.split()[0] == client]
    return int(sum(found))


def wait_for_tokens(lab: Lab, client: str, tokens: int) -> None:
    """Until nginx has written this count."""
    give_up = time.monotonic() + WRITTEN_SECONDS
    while tokens_today(lab, client) != tokens:
        assert time.monotonic() < give_up, (tokens_today(lab, client), tokens)
        time.sleep(0.1)


def wait_until_it_is_let_in(lab: Lab, key: str) -> None:
    """nginx notices a moment later that a client has left."""
    give_up = time.monotonic() + WRITTEN_SECONDS
    while lab.chat(headers={"Authorization": f"Bearer {key}"}).status_code != 200:
        assert time.monotonic() < give_up
        time.sleep(0.1)


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
    lab.engines("talks on")
    with streaming(lab, "single-1-a"):
        answer = ask(lab, "single-1", "b")
        assert said(answer) == (429, "too_many_at_once")
        words = "Tier single allows 1 requests at the same time."
        assert answer.json()["error"]["message"] == words
        assert answer.headers["retry-after"] == "2"
        assert ask(lab, "single-2").status_code == 200
    wait_until_it_is_let_in(lab, "single-1-a")


def test_a_client_whose_tokens_are_counted_meets_every_other_limit_too(lab: Lab) -> None:
    lab.engines("talks on")
    with streaming(lab, "strict-1-a"):
        assert said(ask(lab, "strict-1")) == (429, "too_many_at_once")
    statuses = [ask(lab, "strict-1", max_tokens=1).status_code for _ in range(5)]
    assert said(ask(lab, "strict-1")) == (429, "too_many_requests")
    assert 429 in statuses
    assert ask(lab, "strict-2", max_tokens=9).headers["x-homeport-pool"] == "chat"
    assert said(ask(lab, "strict-2")) == (429, "tokens_per_day")
    lab.engines("answers")
    assert said(lab.chat({"model": "nope"}, {"Authorization": "Bearer strict-2-b"}))[0] == 429


def test_a_counted_request_reaches_the_engine_as_any_other(lab: Lab) -> None:
    counted = lab.chat(headers={"Authorization": "Bearer budget-2-a", "Cookie": "a=b"})
    plain = lab.chat(headers={"Authorization": f"Bearer {KEY}", "Cookie": "a=b"})
    seen = [(one["path"], {k.lower() for k, _ in one["headers"]}) for one in lab.seen()]
    assert seen[0] == seen[1]
    assert "cookie" not in seen[0][1]
    assert counted.headers.keys() == plain.headers.keys()


def test_more_in_flight_than_the_gateway_takes_are_refused_before_the_body_is_read(
    lab: Lab,
) -> None:
    lab.engines("talks on")
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
    wait_until_it_is_let_in(lab, KEY)


def test_whoever_tries_keys_is_limited_and_a_valid_key_from_there_is_not(lab: Lab) -> None:
    wrong = {"Authorization": "Bearer guess"}
    answers = [lab.chat(headers=wrong if number % 2 else {}) for number in range(12)]
    assert [said(answer)[0] for answer in answers] == [401] * 5 + [429] * 7
    assert said(answers[-1]) == (429, "too_many_wrong_keys")
    assert answers[-1].headers["retry-after"] == "10"
    assert httpx.get(f"{lab.url}/v1/models", timeout=5).status_code == 429
    assert httpx.get(f"{lab.url}/healthz", timeout=5).status_code == 200
    assert lab.chat().status_code == 200
    assert len(lab.seen()) == 1


def test_a_day_budget_ends_with_an_answer_that_clients_do_not_ask_again(lab: Lab) -> None:
    assert [ask(lab, "budget-1", max_tokens=60).status_code for _ in range(2)] == [200] * 2
    answer = ask(lab, "budget-1", "b")
    left = 86400 - time.time() % 86400
    assert said(answer) == (429, "tokens_per_day")
    assert "100 tokens a day" in answer.json()["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert abs(int(answer.headers["retry-after"]) - left) < 5
    assert ask(lab, "budget-2").status_code == 200


def test_a_minute_budget_ends_with_the_minute(lab: Lab) -> None:
    if time.time() % 60 > 50:
        time.sleep(61 - time.time() % 60)
    assert ask(lab, "metered-1", max_tokens=100).status_code == 200
    answer = ask(lab, "metered-1")
    assert said(answer) == (429, "tokens_per_minute")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "x-should-retry" not in answer.headers


def test_a_whole_answer_counts_what_its_usage_says(lab: Lab) -> None:
    answer = ask(lab, "budget-3", max_tokens=17)
    assert lab.logged(answer.headers["x-request-id"])["tokens"] == "17"
    wait_for_tokens(lab, "budget-3", 17)


def test_a_stream_counts_what_its_usage_says_and_without_it_its_events(lab: Lab) -> None:
    with streaming(lab, "budget-4-a", stream_options={"include_usage": True}, max_tokens=23) as one:
        assert "total_tokens" in "".join(one)
    wait_for_tokens(lab, "budget-4", 23)
    with streaming(lab, "budget-4-a", max_tokens=23) as other:
        assert "total_tokens" not in "".join(other)
    wait_for_tokens(lab, "budget-4", 23 + 8)


def test_a_counted_stream_is_passed_on_as_it_is_made_and_broken_off_with_its_client(
    lab: Lab,
) -> None:
    lab.engines("talks on")
    with streaming(lab, "budget-5-a", max_tokens=90) as pieces:
        next(pieces)
    give_up = time.monotonic() + WRITTEN_SECONDS
    while not lab.seen()[0].get("aborted") or not tokens_today(lab, "budget-5"):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    # What came is counted, and nothing else: of 200 events that would have come.
    assert 2 <= tokens_today(lab, "budget-5") < 100


def test_answers_that_failed_count_nothing(lab: Lab) -> None:
    for mode in ("says 500", "says 400", "crashes"):
        lab.engines(mode)
        assert ask(lab, "budget-6").status_code >= 400
    lab.engines("answers")
    assert ask(lab, "budget-6", max_tokens=1).status_code == 200
    wait_for_tokens(lab, "budget-6", 1)


def test_the_log_names_the_key_and_the_limit_that_was_met(lab: Lab) -> None:
    refused = [ask(lab, "slow-1", "b") for _ in range(4)][-1]
    line = lab.logged(refused.headers["x-request-id"])
    assert (line["client"], line["key"], line["status"]) == ("slow-1", "slow-1/b", 429)
    assert (line["error"], line["tokens"]) == ("too_many_requests", "")
    answered = lab.logged(lab.chat().headers["x-request-id"])
    assert (answered["client"], answered["key"], answered["error"]) == ("demo", "demo", "")
