"""A real nginx that counts tokens: what counts, whichever way an answer took, and until when."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.gateway.limited_clients import CLIENTS, TIERS, ask, streaming
from tests.e2e.gateway_lab import Lab, running_lab, said
from tests.e2e.gateway_tree import KEY
from tests.e2e.routing_pools import same_replicas

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

# Two slots at each replica and one that waits: the next request goes another way.
BOUND = 6
POOLS = (
    same_replicas("chat"),
    same_replicas("patient", first_byte_seconds=8, stream_silence_seconds=1),
    same_replicas("session.pool", affinity={"header": "X-Session-Id", "waiting_requests": 1}),
)
# nginx writes counts a second after they changed.
WRITTEN_SECONDS = 5


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway with tiers; each test has clients of its own."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_lab(folder, nginx_image, POOLS, clients=CLIENTS, tiers=TIERS) as lab:
        yield lab


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


def test_a_counted_request_reaches_the_engine_as_any_other(lab: Lab) -> None:
    counted = lab.chat(headers={"Authorization": "Bearer budget-2-a", "Cookie": "a=b"})
    plain = lab.chat(headers={"Authorization": f"Bearer {KEY}", "Cookie": "a=b"})
    seen = [(one["path"], {k.lower() for k, _ in one["headers"]}) for one in lab.seen()]
    assert seen[0] == seen[1]
    assert "cookie" not in seen[0][1]
    assert counted.headers.keys() == plain.headers.keys()


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
    lab.engines("holds")
    with streaming(lab, "budget-5-a", max_tokens=90) as pieces:
        next(pieces)
    give_up = time.monotonic() + WRITTEN_SECONDS
    while not lab.seen()[0].get("aborted") or not tokens_today(lab, "budget-5"):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    # What came is counted, and nothing else: of a stream that would have gone on.
    assert 2 <= tokens_today(lab, "budget-5") < 100


def test_answers_that_failed_count_nothing(lab: Lab) -> None:
    for mode in ("says 500", "says 400", "crashes"):
        lab.engines(mode)
        assert ask(lab, "budget-6").status_code >= 400
    lab.engines("answers")
    assert ask(lab, "budget-6", max_tokens=1).status_code == 200
    wait_for_tokens(lab, "budget-6", 1)


@pytest.mark.parametrize("stream", [True, False])
def test_answers_by_way_of_a_pools_own_time_outs_count(lab: Lab, *, stream: bool) -> None:
    client = f"patient-{'stream' if stream else 'whole'}"
    usage: dict[str, Any] = {"stream_options": {"include_usage": True}, "max_tokens": 11}
    answer = ask(lab, client, model="patient", stream=stream, **usage)
    assert answer.status_code == 200
    assert lab.logged(answer.headers["x-request-id"])["tokens"] == "11"
    wait_for_tokens(lab, client, 11)


def test_an_answer_that_came_only_the_second_time_counts(lab: Lab) -> None:
    lab.engines("holds")
    with ExitStack() as streams:
        for _ in range(BOUND):
            streams.enter_context(streaming(lab, KEY, model="session.pool"))
        answer = ask(lab, "bound-1", model="session.pool", max_tokens=12)
    assert answer.status_code == 200
    assert answer.headers["x-homeport-reason"] == "session_bound"
    assert lab.logged(answer.headers["x-request-id"])["tokens"] == "12"
    wait_for_tokens(lab, "bound-1", 12)
