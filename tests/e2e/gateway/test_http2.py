"""A real nginx that speaks HTTP/2: what is one thing in lines and may be another in frames."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.gateway.raw_frames import (
    AUTHORITY,
    BODY,
    METHOD,
    PATH,
    PLAIN,
    SCHEME,
    WITH_KEY,
    Field,
    status_of,
)
from tests.e2e.gateway_lab import CHAT, docker, published
from tests.e2e.tls_lab import TlsLab, running_tls_lab
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[TlsLab]:
    """One gateway for all tests of this file."""
    with running_tls_lab(tmp_path_factory.mktemp("http2"), nginx_image) as found:
        yield found


@pytest.fixture
def lab(started: TlsLab) -> TlsLab:
    """The same, whose engine has seen nothing yet."""
    plain_http.post(engine(started, "/mode"), content=b"answers", timeout=5).raise_for_status()
    return started


def engine(lab: TlsLab, path: str) -> str:
    """Where the engine is told what to do, and asked what it has seen."""
    return published(f"{lab.name}-chat-1", 8090) + path


def seen(lab: TlsLab) -> list[dict[str, Any]]:
    """What has reached the engine."""
    found: list[dict[str, Any]] = plain_http.get(engine(lab, "/seen"), timeout=5).json()
    return found


def with_path(path: bytes) -> tuple[Field, ...]:
    """A request for another path."""
    return (METHOD, SCHEME, AUTHORITY, (b":path", path), WITH_KEY)


REFUSED = {
    "a CR in a value": (*PLAIN, (b"x-a", b"b\rtransfer-encoding: chunked")),
    "a LF in a value": (*PLAIN, (b"x-a", b"b\ncontent-length: 0")),
    "a header in a value": (*PLAIN, (b"x-a", b"b\r\nx-homeport-client: safe")),
    "a zero byte in a value": (*PLAIN, (b"x-a", b"b\0c")),
    "a line break in a key": (*PLAIN[:-1], (b"authorization", WITH_KEY[1] + b"\r\nx-a: b")),
    "a line break in a name": (*PLAIN, (b"x-a: b\r\nx-b", b"c")),
    "a colon in a name": (*PLAIN, (b"x-a:b", b"c")),
    "a blank in a name": (*PLAIN, (b"content-length ", b"0")),
    "capitals in a name": (*PLAIN, (b"Content-Length", b"16")),
    "a length that is less": (*PLAIN, (b"content-length", b"3")),
    "a length that is more": (*PLAIN, (b"content-length", b"99")),
    "a negative length": (*PLAIN, (b"content-length", b"-1")),
    "a list of lengths": (*PLAIN, (b"content-length", b"16, 0")),
    "two lengths": (*PLAIN, (b"content-length", b"16"), (b"content-length", b"0")),
    "one length twice": (*PLAIN, (b"content-length", b"16"), (b"content-length", b"16")),
    "a key twice": (*PLAIN, WITH_KEY),
    "two paths": (*PLAIN, PATH),
    "two methods": (*PLAIN, METHOD),
    "an unknown part of the line": (*PLAIN, (b":line", b"a")),
    "no path": (METHOD, SCHEME, AUTHORITY, WITH_KEY),
    "no method": (SCHEME, AUTHORITY, PATH, WITH_KEY),
    "a request in the method": ((b":method", b"POST /slots HTTP/1.1\r\nx:"), *PLAIN[1:]),
    "a method in small letters": ((b":method", b"post"), *PLAIN[1:]),
    "a tunnel": ((b":method", b"CONNECT"), *PLAIN[1:]),
    "another host": (METHOD, SCHEME, (b":authority", b"chat-1:8080"), PATH, WITH_KEY),
    "no host": (METHOD, SCHEME, PATH, WITH_KEY),
    "a line break in the scheme": (METHOD, (b":scheme", b"https\r\n"), *PLAIN[2:]),
    "an empty path": with_path(b""),
    "a path without a slash": with_path(b"v1/chat/completions"),
    "two slashes at first": with_path(b"/" + CHAT.encode()),
    "two slashes inside": with_path(b"/v1//chat/completions"),
    "above the root": with_path(b"/../../slots"),
    "above the path": with_path(CHAT.encode() + b"/.."),
    "a version in the path": with_path(CHAT.encode() + b" HTTP/1.1"),
    "a request in the path": with_path(CHAT.encode() + b" HTTP/1.1\r\n\r\nPOST /slots"),
    "a line break in the path": with_path(CHAT.encode() + b"%0d%0ax-a:%20b"),
    "a zero byte in the path": with_path(CHAT.encode() + b"%00"),
}
TAKEN = {
    "plain": PLAIN,
    "with its length": (*PLAIN, (b"content-length", str(len(BODY)).encode())),
    # Frames know none, and nginx takes the engine's length from them.
    "an encoding": (*PLAIN, (b"transfer-encoding", b"chunked")),
    "a length and an encoding": (*PLAIN, (b"content-length", b"16"),
                                 (b"transfer-encoding", b"chunked")),
    "headers of the connection": (*PLAIN, (b"connection", b"close, x-request-id")),
    "another protocol": (*PLAIN, (b"upgrade", b"h2c"), (b"http2-settings", b"AAMAAABk")),
    "dots in the path": with_path(b"/v1/x/../chat/completions"),
    "an escaped path": with_path(b"/v1/chat%2fcompletions"),
    "headers of the gateway's own": (*PLAIN, (b"x-homeport-client", b"ana"),
                                     (b"x-accel-redirect", b"/"), (b"x-request-id", b"mine")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(lab: TlsLab, name: str) -> None:
    status = status_of(lab, REFUSED[name])
    # nginx ends the stream where it can take nothing in it for a request.
    assert status == 0 or 400 <= status < 500, status
    assert seen(lab) == []


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_odd_and_plain_reaches_the_engine_as_one_plain_request(
    lab: TlsLab, name: str
) -> None:
    assert status_of(lab, TAKEN[name]) == 200
    (record,) = seen(lab)
    assert (record["path"], record["bytes"]) == (CHAT, len(BODY))
    headers = {header.lower(): value for header, value in record["headers"]}
    assert headers.keys() <= {
        "host", "content-type", "content-length", "accept", "x-request-id", "connection",
    }  # fmt: skip
    assert headers["x-request-id"] != "mine"


def test_no_worker_died(lab: TlsLab) -> None:
    assert "exited on signal" not in docker("logs", f"{lab.name}-nginx")
