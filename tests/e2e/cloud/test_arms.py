"""A real gateway and a real egress hop: what leaves, why, in whose words, and what never does."""

import json
import time
from collections import Counter

import httpx
import pytest

from tests.e2e.cloud_containers import CLOUD_KEY, CLOUD_NAME
from tests.e2e.cloud_lab import CloudLab
from tests.e2e.gateway_lab import CHAT
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http
from tests.render.cloud_plans import PROVIDER_MODEL

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}
STREAM = {"model": "chat", "stream": True}


@pytest.fixture
def lab(started_cloud_lab: CloudLab) -> CloudLab:
    """Engines that are full, and a cloud that answers."""
    started_cloud_lab.cloud("answers")
    started_cloud_lab.engines("says 503")
    return started_cloud_lab


def _reason(answer: httpx.Response) -> tuple[str, str]:
    told = answer.headers
    return told.get("x-homeport-provider", ""), told.get("x-homeport-reason", "")


def test_what_a_replica_answers_never_leaves(lab: CloudLab) -> None:
    lab.engines("answers")
    answers = [lab.chat() for _ in range(6)]
    assert {answer.json()["served_by"] for answer in answers} <= {"chat-1", "chat-2"}
    assert _reason(answers[0]) == ("fleet", "")
    assert lab.left() == []


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("says 503", "unavailable"), ("says 429", "unavailable"), ("crashes", "broken_off")],
)
def test_a_request_that_no_replica_takes_goes_to_the_cloud_and_says_why(
    lab: CloudLab, mode: str, reason: str
) -> None:
    lab.engines(mode)
    answer = lab.chat()
    assert (answer.status_code, answer.json()["served_by"]) == (200, "cloud")
    provider, said = _reason(answer)
    # A replica that has failed twice is not asked again for a while.
    assert provider == "acme"
    assert said in (reason, "unavailable")
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["cloud_arm"], line["provider"], line["replica"]) == ("fallback", "acme", "")
    assert line["reason"] == said


def test_an_engines_own_error_is_no_reason_to_leave(lab: CloudLab) -> None:
    lab.recover()
    for status in (400, 404, 422, 500):
        lab.engines(f"says {status}")
        answer = lab.chat()
        assert answer.status_code == status
        assert answer.json()["error"]["message"] == "the engine's own words"
    assert lab.left() == []


def test_the_cloud_sees_its_own_key_and_model_and_nothing_of_the_client(lab: CloudLab) -> None:
    body = (
        b'{ "stop" : ["\\u006d"],\t"model" :"chat","seed":12345678901234567890, '
        b'"temperature": 1.00, "messages":[{"role":"user","content":"\xc3\xa9 \\"model\\": 1"}]}'
    )
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Cookie": "session=1",
        "X-Secret": "x",
        "X-Homeport-Client": "safe",
        "X-Forwarded-For": "192.0.2.1",
        "User-Agent": "someone",
    }
    answer = lab.chat(body, headers)
    assert answer.json()["served_by"] == "cloud"
    (seen,) = lab.left()
    assert seen["body"] == body.decode().replace('"chat"', f'"{PROVIDER_MODEL}"')
    names = {name.lower(): value for name, value in seen["headers"]}
    assert names.pop("authorization") == f"Bearer {CLOUD_KEY}"
    assert names.pop("content-length") == str(len(seen["body"].encode()))
    assert names == {
        "host": CLOUD_NAME,
        "connection": "close",
        "content-type": "application/json",
        "accept": "*/*",
        "user-agent": "homeport",
    }
    assert lab.hellos() == [CLOUD_NAME]
    assert not {"set-cookie", "openai-organization"} & answer.headers.keys()
    assert answer.headers["x-homeport-provider"] == "acme"


def test_the_query_string_stays_here(lab: CloudLab) -> None:
    url = f"{lab.url}{CHAT}?user=alice"
    assert (
        plain_http.post(url, json={"model": "chat"}, headers=HEADERS, timeout=15).status_code == 200
    )
    assert lab.left()[0]["path"] == "/openai/v1/chat/completions"


def test_a_stream_from_the_cloud_arrives_event_by_event(lab: CloudLab) -> None:
    with plain_http.stream(
        "POST", lab.url + CHAT, json=STREAM, headers=HEADERS, timeout=15
    ) as answer:
        request_id = answer.headers["x-request-id"]
        assert _reason(answer) == ("acme", "unavailable")
        arrivals = [piece for piece in answer.iter_raw() if piece]
    assert len(arrivals) >= 6
    assert b"[DONE]" in arrivals[-1]
    # One event, one token, where the provider does not count.
    ended = lab.ended(request_id)
    assert (ended["completion_tokens"], ended["tokens_from"]) == (6, "a guess")


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_that_the_cloud_generated_count_as_any_others(
    lab: CloudLab, *, stream: bool
) -> None:
    asked = {"model": "chat", "stream": stream, "stream_options": {"include_usage": True}}
    answer = lab.chat(asked)
    assert _reason(answer) == ("acme", "unavailable")
    assert lab.logged(answer.headers["x-request-id"])["tokens"] == "18"


def test_an_image_of_some_megabytes_leaves_with_another_name_of_the_model(lab: CloudLab) -> None:
    image = "A" * 3_500_000
    body = json.dumps({"messages": [{"content": image}], "model": "chat"}).encode()
    assert lab.chat(body).json()["served_by"] == "cloud"
    (seen,) = lab.left()
    assert json.loads(seen["body"]) == {"messages": [{"content": image}], "model": PROVIDER_MODEL}


def test_a_stream_that_does_not_begin_in_time_goes_to_the_cloud(lab: CloudLab) -> None:
    lab.engines("hangs")
    answer = lab.chat(STREAM)
    assert _reason(answer) in (("acme", "timed_out"), ("acme", "unavailable"))
    assert "[DONE]" in answer.text
    # Asked of one replica at most, which was told to stop.
    assert len(lab.seen()) <= 1


def test_what_is_generated_as_a_whole_is_not_asked_for_a_second_time(lab: CloudLab) -> None:
    lab.recover()
    lab.engines("hangs")
    answer = lab.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timed_out")
    assert lab.left() == []


def test_a_stream_that_breaks_off_is_not_continued_by_the_cloud(lab: CloudLab) -> None:
    lab.recover()
    lab.engines("breaks off")
    with pytest.raises(httpx.RemoteProtocolError):
        lab.chat(STREAM)
    assert lab.left() == []


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_the_clouds_own_errors_reach_the_client(lab: CloudLab, status: int) -> None:
    lab.cloud(f"says {status}")
    answer = lab.chat()
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == "the provider's own words"
    lab.cloud("answers")
    assert lab.chat().status_code == 200


def test_a_cloud_that_dies_in_a_stream_is_seen_by_the_client(lab: CloudLab) -> None:
    lab.cloud("dies")
    with pytest.raises(httpx.RemoteProtocolError):
        lab.chat(STREAM)
    assert len(lab.left()) == 1


def test_a_client_that_hangs_up_ends_the_clouds_answer(lab: CloudLab) -> None:
    with plain_http.stream(
        "POST", lab.url + CHAT, json=STREAM, headers=HEADERS, timeout=15
    ) as answer:
        request_id = answer.headers["x-request-id"]
        next(answer.iter_raw())
    assert lab.ended(request_id)["event"] == "ended"
    # The provider notices with the event that it sends next.
    time.sleep(0.5)
    assert [record.get("aborted") for record in lab.left()] == [True]


def test_many_at_once_are_shared_out_between_replicas_and_cloud(lab: CloudLab) -> None:
    lab.recover()
    lab.engines("hangs")
    # Two replicas with two slots and two waiting each take eight, and then time out.
    answers = [lab.later() for _ in range(8)]
    lab.wait_until_busy(8)
    assert [lab.chat().json()["served_by"] for _ in range(3)] == ["cloud"] * 3
    assert Counter(answer().status_code for answer in answers) == {504: 8}
    assert len(lab.left()) == 3
