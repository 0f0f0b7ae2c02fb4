"""A real gateway and a real egress hop: what never leaves, and what is told of what did."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from tests.e2e.cloud_containers import CLOUD_KEY
from tests.e2e.cloud_lab import CloudLab
from tests.e2e.gateway_lab import CHAT, docker, own_address
from tests.e2e.gateway_tree import KEY

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}
STREAM = {"model": "chat", "stream": True}


@pytest.fixture
def lab(started_cloud_lab: CloudLab) -> CloudLab:
    """Engines that are full, and a cloud that answers."""
    started_cloud_lab.cloud("answers")
    started_cloud_lab.engines("says 503")
    return started_cloud_lab


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
    address = own_address(lab.container("cloud"))
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
    for text in (json.dumps(lab.audit()), json.dumps(lab.log()), *logs):
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
