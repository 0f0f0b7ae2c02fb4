"""A real nginx and the bodies it is sent: whose model is read, and what is refused."""

import json

import pytest

from tests.e2e.gateway_lab import CHAT, Lab, said
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

# Past the length up to which gateway.js parses a body as a whole.
LARGE = b"A" * 1_100_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"model=chat", "not_json"),
        (b'{"model": "chat"', "not_json"),
        (b'["chat"]', "not_json"),
        (b'"chat"', "not_json"),
        (b"null", "not_json"),
        (LARGE, "not_json"),
        (b'["' + LARGE + b'", {"model": "chat"}]', "not_json"),
        (b'{"model": "chat", "a": "' + LARGE, "not_json"),
        (b'{"model": "chat", "a": [{"' + LARGE + b'": 1}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"model": "chat", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_json"),
        (b"{}", "no_model"),
        (b'{"model": null}', "no_model"),
        (b'{"model": ""}', "no_model"),
        (b'{"model": ["chat"]}', "no_model"),
        (b'{"model": 1}', "no_model"),
        (b'{"messages": [{"model": "chat"}]}', "no_model"),
        (b'{"model": 1, "a": "' + LARGE + b'"}', "no_model"),
        (b'{"model": "chat", "a": {"model": "' + LARGE + b'"}, "model": "x"}', "two_models"),
        (b'{"model": "chat", "model": "chat"}', "two_models"),
        (b'{"model": "nope", "model" : "chat"}', "two_models"),
        (rb'{"model": "nope", "mod\u0065l": "chat"}', "two_models"),
        (rb'{"x": "\\\"", "model": "nope", "\u006Dodel"' + b" " * 200 + b': "chat"}', "two_models"),
    ],
)
def test_a_body_without_exactly_one_model_is_refused(lab: Lab, body: bytes, code: str) -> None:
    assert said(lab.chat(body)) == (400, code)
    assert lab.seen() == []


@pytest.mark.parametrize(
    "body",
    [
        rb'{"messages": [{"model": "x", "content": "\"model\": \\"}], "model": "chat"}',
        rb'{"mod\u0065l": "chat"}',
        rb'{"model": "ch\u0061t", "a": {"model": 1}, "b": ["model", "model"], "c": "model"}',
        '{"content": "é\\u00e9漢字 \\"model\\"", "model": "chat", "n": ["é", "model"]}'.encode(),
        b'{"content": "\xff\xfe", "model": "chat"}',
        b'{"a": "' + LARGE + rb'\\\"", "b": [{"model": 1}], "mod\u0065l" :  "ch\u0061t"}',
    ],
)
def test_other_mentions_of_a_model_are_left_alone(lab: Lab, body: bytes) -> None:
    assert lab.chat(body).status_code == 200
    assert [record["bytes"] for record in lab.seen()] == [len(body)]


@pytest.mark.parametrize("kind", ["text/plain", "image/png", "multipart/form-data; boundary=x", ""])
def test_a_body_is_what_it_is_whatever_its_type_is_called(lab: Lab, kind: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
    assert lab.chat(headers=headers).status_code == 200
    (record,) = lab.seen()
    types = [value for name, value in record["headers"] if name.lower() == "content-type"]
    assert types == ["application/json"]
    form = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nchat\r\n--x--\r\n'
    assert said(lab.chat(form, headers=headers)) == (400, "not_json")


def test_a_body_that_waited_in_a_file_arrives_whole(lab: Lab) -> None:
    body = json.dumps({"image": "A" * 3_000_000, "model": "chat"}).encode()
    assert lab.chat(body).status_code == 200
    assert lab.seen()[0]["bytes"] == len(body)


def test_a_body_sent_in_chunks_without_a_length_arrives_whole(lab: Lab) -> None:
    pieces = iter([b'{"model": ', b'"chat", "a": "' + b"A" * 400_000, b'"}'])
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = plain_http.post(lab.url + CHAT, content=pieces, headers=headers, timeout=15)
    assert answer.status_code == 200
    assert lab.seen()[0]["bytes"] == 400_026


def test_a_body_over_the_limit_is_refused_with_the_limit(lab: Lab) -> None:
    answer = lab.chat(b"A" * (4 * 1024 * 1024 + 1))
    assert said(answer) == (413, "too_large")
    assert "4 MiB" in answer.json()["error"]["message"]


def test_a_body_over_the_limit_is_refused_without_a_length_too(lab: Lab) -> None:
    chunk = b"10000\r\n" + b"A" * 0x10000 + b"\r\n"
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    answer = lab.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 65)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in answer
    assert lab.seen() == []


@pytest.mark.parametrize(
    ("request_text", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/3.7\r\nHost: x\r\n\r\n", 505, "wrong_version"),
        (b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address_too_long"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", 501, "not_implemented"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            400,
            "bad_request",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
            400,
            "bad_request",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
            400,
            "bad_request",
        ),
    ],
)
def test_what_does_not_keep_to_http_is_refused_in_json(
    lab: Lab, request_text: bytes, status: int, code: str
) -> None:
    answer = lab.raw(request_text)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"] == code
