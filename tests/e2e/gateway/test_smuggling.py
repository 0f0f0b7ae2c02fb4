"""A real nginx and requests that mean one thing to it and another to what stands behind it.

What a client sends is either refused or reaches the engine as exactly one request that says what
nginx understood.
"""

import json
import re

import pytest

from tests.e2e.gateway_lab import CHAT, Lab, docker
from tests.e2e.gateway_tree import KEY, access_lines
from tests.e2e.raw_client import connect

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

BODY = b'{"model": "chat"}'
AUTHORIZATION = f"Authorization: Bearer {KEY}".encode()
# What an attacker wants an engine or the gateway to take for a request of its own.
SECOND = b"POST /slots HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


def post(*headers: bytes, body: bytes = BODY, line: bytes = b"POST " + CHAT.encode()) -> bytes:
    """A chat request with a valid key, and headers as they are given."""
    head = [line + b" HTTP/1.1", b"Host: x", AUTHORIZATION, *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def length(body: bytes = BODY) -> bytes:
    """The header that belongs to a body."""
    return b"Content-Length: %d" % len(body)


def statuses(answer: bytes) -> list[int]:
    """Statuses of all the answers in what came back."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.mark.parametrize(
    ("name", "request_bytes"),
    [
        ("both lengths", post(length(), b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SECOND)),
        ("both, other order", post(b"Transfer-Encoding: chunked", length(), body=b"0\r\n\r\n")),
        ("two lengths", post(length(), b"Content-Length: 0", body=BODY + SECOND)),
        ("one length twice", post(length(), length())),
        ("a list of lengths", post(b"Content-Length: 17, 0")),
        ("a signed length", post(b"Content-Length: +17")),
        ("a negative length", post(b"Content-Length: -1")),
        ("a length in hex", post(b"Content-Length: 0x11")),
        ("a length past 64 bits", post(b"Content-Length: 18446744073709551633")),
        ("an encoding twice", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")),
        ("an encoding in a list", post(b"Transfer-Encoding: chunked, identity")),
        ("an encoding in a list, last", post(b"Transfer-Encoding: gzip, chunked")),
        ("an encoding with a tab", post(b"Transfer-Encoding: \x0bchunked")),
        ("a blank before the colon", post(b"Content-Length : 17")),
        ("a folded header", post(b"X-A: b\r\n Content-Length: 0", length())),
        ("a folded encoding", post(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n")),
        ("a header without a colon", post(b"Content-Length 17")),
        ("a zero byte in a header", post(b"X-A: a\0b", length())),
        ("a lone CR in a header", post(b"X-A: a\rTransfer-Encoding: chunked", length())),
        ("a chunk that is no number", post(b"Transfer-Encoding: chunked", body=b"zz\r\n\r\n")),
        ("a chunk past 64 bits", post(b"Transfer-Encoding: chunked", body=b"f" * 17 + b"\r\n")),
        ("a key twice", post(AUTHORIZATION, length())),
        ("two hosts", post(b"Host: y", length())),
        ("a length with blanks", post(b"Content-Length: \t17 ")),
        ("a blank in the address", post(length(), line=b"POST " + CHAT.encode() + b" /slots")),
        ("a method in small letters", post(length(), line=b"post " + CHAT.encode())),
        ("a tunnel", post(length(), line=b"CONNECT chat-1:8080")),
        ("an address above the root", post(length(), line=b"POST /../../slots")),
        ("an address without a slash", post(length(), line=b"POST v1/chat/completions")),
        ("no host", b"POST " + CHAT.encode() + b" HTTP/1.1\r\n" + AUTHORIZATION + b"\r\n\r\n"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_be_read_in_two_ways_is_refused(
    lab: Lab, name: str, request_bytes: bytes
) -> None:
    answer = lab.raw(request_bytes)
    assert statuses(answer), name
    assert set(statuses(answer)) <= {400, 401, 404, 405, 408, 501}, (name, answer[:200])
    assert lab.seen() == []


@pytest.mark.parametrize(
    ("name", "request_bytes"),
    [
        ("lines that end in LF", post(length()).replace(b"\r\n", b"\n")),
        ("HTTP/1.0", post(length()).replace(b"HTTP/1.1", b"HTTP/1.0")),
        ("a whole address", post(length(), line=b"POST http://engine:9999" + CHAT.encode())),
        ("another host", post(length()).replace(b"Host: x", b"Host: chat-1:8090")),
        ("an escaped path", post(length(), line=b"POST /v1/chat%2fcompletions")),
        ("dots in the path", post(length(), line=b"POST /v1/x/../chat/completions")),
        ("a chunk extension", post(b"Transfer-Encoding: chunked",
                                   body=b"11;a=b\r\n" + BODY + b"\r\n0\r\n\r\n")),
        ("a trailer", post(b"Transfer-Encoding: chunked",
                           body=b"11\r\n" + BODY + b"\r\n0\r\nX-Homeport: a\r\n\r\n")),
        ("a length with an underscore", post(length(), b"Content_Length: 3")),
        ("an encoding with an underscore", post(length(), b"Transfer_Encoding: chunked")),
        ("headers of the gateway's own", post(length(), b"X-Request-Id: mine",
                                              b"X-Homeport-Pool: other", b"X-Accel-Redirect: /")),
        ("a forwarded address", post(length(), b"X-Forwarded-For: 127.0.0.1",
                                     b"X-Original-URL: /slots", b"X-Rewrite-URL: /slots")),
        ("a header to be removed", post(length(), b"Connection: X-Request-Id, Content-Length")),
        ("another protocol", post(length(), b"Connection: Upgrade", b"Upgrade: h2c")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_odd_and_plain_reaches_the_engine_as_one_plain_request(
    lab: Lab, name: str, request_bytes: bytes
) -> None:
    answer = lab.raw(request_bytes)
    assert statuses(answer) == [200], (name, answer[:200])
    (record,) = lab.seen()
    headers = {header.lower(): value for header, value in record["headers"]}
    assert headers.keys() <= {
        "host", "content-type", "content-length", "accept", "x-request-id", "connection",
    }  # fmt: skip
    assert headers["host"] == "engine"
    assert headers["content-length"] == str(len(BODY))
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])
    assert (record["path"], record["bytes"]) == (CHAT, len(BODY))


def test_requests_in_one_go_are_answered_in_turn_each_by_its_own_key(lab: Lab) -> None:
    without_key = post(length()).replace(AUTHORIZATION, b"X-No: key")
    other_path = post(length(), line=b"POST /slots")
    last = post(length(), b"Connection: close")
    answer = whole_answer(lab, post(length()) + without_key + other_path + last)
    # The refusal of a body that was not read ends the connection or comes before the next one.
    assert statuses(answer)[:3] == [200, 401, 404]
    assert set(statuses(answer)[3:]) <= {200}
    assert {record["path"] for record in lab.seen()} == {CHAT}
    assert len(lab.seen()) == statuses(answer).count(200)


def test_what_follows_a_body_is_never_part_of_the_engines_request(lab: Lab) -> None:
    answer = whole_answer(
        lab, post(length()) + SECOND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    )
    assert statuses(answer) == [200, 404]
    assert [record["path"] for record in lab.seen()] == [CHAT]


def whole_answer(lab: Lab, request: bytes) -> bytes:
    """Everything until nginx closes the connection."""
    with connect(lab) as connection:
        connection.sendall(request)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def test_who_waits_for_a_word_before_the_body_gets_it(lab: Lab) -> None:
    with connect(lab) as connection:
        connection.sendall(post(length(), b"Expect: 100-continue", body=b""))
        assert statuses(connection.recv(4096)) == [100]
        connection.sendall(BODY)
        assert statuses(connection.recv(4096)) == [200]
    assert len(lab.seen()) == 1


def test_a_request_without_headers_of_http_0_9_gets_no_answer_of_an_engine(lab: Lab) -> None:
    for line in (b"GET /v1/models\r\n", b"POST " + CHAT.encode() + b"\r\n\r\n"):
        answer = lab.raw(line)
        assert json.loads(answer[answer.index(b"{") :])["error"]["code"] in (
            "no_key",
            "bad_request",
        )
    assert lab.seen() == []


def test_the_log_holds_one_line_of_json_whatever_a_client_sends(lab: Lab) -> None:
    lab.raw(post(length(), line=b'POST /"}\x7f\xff%0a{"status":200'))
    lines = access_lines(lab.folder)
    assert lines
    assert all(json.loads(line)["request_id"] for line in lines)


def test_no_worker_died(lab: Lab) -> None:
    assert "exited on signal" not in docker("logs", lab.container("nginx"))
