"""A real gateway and a real egress hop: what leaves, why, in whose words, and what never does."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from tests.e2e.cloud_lab import CLOUD_KEY, CLOUD_NAME, CloudLab, running_cloud_lab
from tests.e2e.gateway_lab import CHAT, docker
from tests.e2e.gateway_tree import KEY
from tests.render.cloud_plans import PROVIDER_MODEL

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}
STREAM = {"model": "chat", "stream": True}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[CloudLab]:
    """A gateway with two engines and a cloud, for all tests of this file."""
    with running_cloud_lab(tmp_path_factory.mktemp("cloud"), nginx_image) as lab:
        yield lab


@pytest.fixture
def lab(started: CloudLab) -> CloudLab:
    """The same, with engines that are full and a cloud that answers."""
    started.cloud("answers")
    started.engines("says 503")
    return started


def _reason(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers.get("x-homeport-provider", ""), answer.headers.get(
        "x-homeport-reason", ""
    )


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
    assert (line["arm"], line["provider"], line["replica"]) == ("fallback", "acme", "")
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
    assert httpx.post(url, json={"model": "chat"}, headers=HEADERS, timeout=15).status_code == 200
    assert lab.left()[0]["path"] == "/openai/v1/chat/completions"


def test_a_stream_from_the_cloud_arrives_event_by_event(lab: CloudLab) -> None:
    arrivals = []
    with httpx.stream("POST", lab.url + CHAT, json=STREAM, headers=HEADERS, timeout=15) as answer:
        request_id = answer.headers["x-request-id"]
        assert _reason(answer) == ("acme", "unavailable")
        arrivals = [piece for piece in answer.iter_raw() if piece]
    assert len(arrivals) >= 6
    assert b"[DONE]" in arrivals[-1]
    # One event, one token, where the provider does not count.
    ended = lab.ended(request_id)
    assert (ended["completion_tokens"], ended["tokens_from"]) == (6, "a guess")


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


@pytest.mark.parametrize("data_class", ["secret", "Public2", "public, secret", "*"])
def test_a_class_of_data_that_is_not_open_stays(lab: CloudLab, data_class: str) -> None:
    answer = lab.chat(headers={**HEADERS, "X-Data-Class": data_class})
    assert answer.status_code == 503
    assert (lab.left(), lab.hellos()) == ([], [])


def test_an_open_class_of_data_leaves_and_its_word_does_not(lab: CloudLab) -> None:
    assert lab.chat(headers={**HEADERS, "X-Data-Class": "public"}).status_code == 200
    assert "x-data-class" not in {name.lower() for name, _ in lab.left()[0]["headers"]}


def test_two_classes_of_data_are_none(lab: CloudLab) -> None:
    address = httpx.URL(lab.url)
    body = b'{"model":"chat"}'
    said = lab.raw(
        f"POST {CHAT} HTTP/1.1\r\nHost: {address.host}\r\nAuthorization: Bearer {KEY}\r\n"
        f"X-Data-Class: public\r\nX-Data-Class: secret\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    assert said.startswith(b"HTTP/1.1 503")
    assert lab.left() == []


@pytest.mark.parametrize("mode", ["says 503", "says 429", "crashes", "hangs"])
def test_a_sovereign_client_and_a_sovereign_pool_never_reach_the_cloud(
    lab: CloudLab, mode: str
) -> None:
    lab.engines(mode)
    public = {"X-Data-Class": "public"}
    requests: list[Callable[[], httpx.Response]] = [
        lab.safe,
        partial(lab.safe, STREAM),
        partial(lab.safe, **public),
        partial(lab.chat, {"model": "secret"}),
        partial(lab.chat, {"model": "secret", "stream": True}),
        partial(lab.chat, {"model": "secret"}, {**HEADERS, **public}),
    ]
    with ThreadPoolExecutor(len(requests)) as pool:
        answers = [pool.submit(request) for request in requests]
    assert {answer.result().status_code for answer in answers} <= {429, 502, 503, 504}
    assert (lab.left(), lab.hellos()) == ([], [])


def test_the_gateway_reaches_no_address_outside_and_the_egress_hop_does(lab: CloudLab) -> None:
    address = docker(
        "inspect", "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        lab.container("cloud"),
    ).strip()  # fmt: skip
    curl = [
        "curl",
        "--silent",
        "--insecure",
        "--output",
        "/dev/null",
        "--connect-timeout",
        "2",
        "--max-time",
        "4",
        "--write-out",
        "%{time_connect}",
    ]
    for part, reaches in (("egress", True), ("nginx", False)):
        said = docker("exec", lab.container(part), *curl, f"https://{address}/", expect=None)
        assert (float(said) > 0) is reaches, part


def test_the_egress_hop_decides_anew_what_may_leave(lab: CloudLab) -> None:
    ask = [*("exec", lab.container("nginx"), "curl", "--silent"), "http://egress:8080" + CHAT]
    for client, body in {
        "safe": '{"model":"chat"}',
        "demo": '{"model":"secret"}',
        "": '{"model":"chat"}',
        "demo ": '{"model":"chat","model":"chat"}',
        " demo": "chat",
    }.items():
        sent = ["--header", f"X-Homeport-Client: {client.strip()}", "--data", body]
        assert json.loads(docker(*ask, *sent))["error"]["code"] == "cloud_not_offered"
    path = [*ask[:-1], "http://egress:8080/v1/embeddings", "--data", '{"model":"chat"}']
    assert json.loads(docker(*path))["error"]["code"] == "path_not_found"
    assert lab.left() == []


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_the_clouds_own_errors_reach_the_client(lab: CloudLab, status: int) -> None:
    lab.cloud(f"says {status}")
    answer = lab.chat()
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == "the provider's own words"
    lab.cloud("answers")
    assert lab.chat().status_code == 200


@pytest.mark.parametrize(("mode", "code"), [("crashes", "cloud_unreachable")])
def test_a_cloud_that_breaks_off_is_said_to_have(lab: CloudLab, mode: str, code: str) -> None:
    lab.cloud(mode)
    answer = lab.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
    lab.cloud("answers")
    assert lab.chat().status_code == 200


def test_a_key_that_the_cloud_does_not_take_is_not_the_clients_fault(lab: CloudLab) -> None:
    lab.cloud("says 401")
    answer = lab.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "cloud_refuses_key")


def test_a_cloud_that_dies_in_a_stream_is_seen_by_the_client(lab: CloudLab) -> None:
    lab.cloud("dies")
    with pytest.raises(httpx.RemoteProtocolError):
        lab.chat(STREAM)
    assert len(lab.left()) == 1


def test_a_client_that_hangs_up_ends_the_clouds_answer(lab: CloudLab) -> None:
    with httpx.stream("POST", lab.url + CHAT, json=STREAM, headers=HEADERS, timeout=15) as answer:
        request_id = answer.headers["x-request-id"]
        next(answer.iter_raw())
    assert lab.ended(request_id)["event"] == "ended"
    # The provider notices with the event that it sends next.
    time.sleep(0.5)
    assert [record.get("aborted") for record in lab.left()] == [True]


def test_what_left_is_recorded_before_and_after_without_prompt_and_key(lab: CloudLab) -> None:
    answer = lab.chat({"model": "chat", "messages": [{"content": "my secret prompt"}]})
    ended = lab.ended(answer.headers["x-request-id"])
    lines = [line for line in lab.audit() if line["request_id"] == ended["request_id"]]
    assert [line["event"] for line in lines] == ["sent", "ended"]
    assert (ended["client"], ended["model"], ended["reason"]) == ("demo", "chat", "unavailable")
    assert (ended["prompt_tokens"], ended["completion_tokens"]) == (11, 7)
    assert ended["tokens_from"] == "the provider"
    # 11 at 2.00 and 7 at 10.00 for a million.
    assert ended["money"] == pytest.approx(92e-6)
    logs = [docker("logs", lab.container(part)) for part in ("egress", "nginx")]
    for text in (json.dumps(lab.audit()), *logs):
        assert "my secret prompt" not in text
        assert CLOUD_KEY not in text
        assert KEY not in text


def test_the_key_is_in_no_configuration_and_the_gateway_cannot_read_it(lab: CloudLab) -> None:
    file = "/srv/homeport/secrets/egress/provider.key"
    assert CLOUD_KEY in docker("exec", lab.container("egress"), "cat", file)
    assert "No such file" in docker("exec", lab.container("nginx"), "cat", file, expect=None)
    dumped = docker(
        *("exec", lab.container("egress"), "nginx", "-T", "-c"),
        "/srv/homeport/gateway/current/egress/nginx.conf",
    )
    assert "provider_authorization" in dumped
    assert "acme$" not in dumped


def test_many_at_once_are_shared_out_between_replicas_and_cloud(lab: CloudLab) -> None:
    lab.recover()
    lab.engines("hangs")
    # Two replicas with two slots and two waiting each take eight, and then time out.
    answers = [lab.later() for _ in range(8)]
    lab.wait_until_busy(8)
    assert [lab.chat().json()["served_by"] for _ in range(3)] == ["cloud"] * 3
    assert Counter(answer().status_code for answer in answers) == {504: 8}
    assert len(lab.left()) == 3
