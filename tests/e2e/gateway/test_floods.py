"""A real nginx under clients that are slow, or many, or send more than they should."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.gateway_lab import CHAT, Lab, docker, said
from tests.e2e.gateway_tree import KEY
from tests.e2e.raw_client import connect
from tests.lab import plain_http
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n".encode()
SLOW_CLIENTS = 300
# What a request that has begun may take of nginx's memory. Most of it, 260 KiB when measured, is
# the script's context (QuickJS), which it has from its key's digest until its end.
REQUEST_MIB = 0.4
# The processes themselves, and contexts that are kept for the next requests.
BASE_MIB = 200


def memory_mib(lab: Lab) -> float:
    """Resident memory of all of nginx's processes."""
    text = docker("exec", lab.container("nginx"), "sh", "-c", "cat /proc/[0-9]*/status")
    return sum(int(line.split()[1]) for line in text.splitlines() if "VmRSS" in line) / 1024


@contextlib.contextmanager
def slow_clients(lab: Lab, count: int, first: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have sent the beginning of a request and no more."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(lab)) for _ in range(count)]
        for connection in connections:
            connection.sendall(first)
        yield connections


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"POST ",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Content-Length: 9\r\n\r\n",
    ],
)
def test_others_are_served_while_hundreds_of_clients_are_slow(lab: Lab, first: bytes) -> None:
    with slow_clients(lab, SLOW_CLIENTS, first):
        assert {lab.chat().status_code for _ in range(5)} == {200}
        assert memory_mib(lab) < BASE_MIB + SLOW_CLIENTS * REQUEST_MIB
    assert len(lab.seen()) == 5


def test_a_slow_body_holds_no_engine_until_it_is_there(lab: Lab) -> None:
    body = b'{"model": "chat"}'
    with slow_clients(lab, 1, HEAD + b"Content-Length: %d\r\n\r\n" % len(body)) as (connection,):
        for byte in body[:-1]:
            connection.sendall(bytes([byte]))
        assert lab.seen() == []
        connection.sendall(body[-1:])
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert len(lab.seen()) == 1


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"".join(b"X-%d: a\r\n" % number for number in range(2000)), 431),
        (b"".join(b"X-%d: %s\r\n" % (number, b"a" * 900) for number in range(90)), 431),
        (b"X-A: " + b"a" * 40_000 + b"\r\n", 431),
        (b"Cookie: " + b"a=b; " * 3000 + b"\r\n", 431),
        (b"X-" + b"a" * 9000 + b": b\r\n", 431),
    ],
    ids=["many", "many and long", "one value", "cookies", "one name"],
)
def test_a_flood_of_headers_is_refused_in_json(lab: Lab, header: bytes, status: int) -> None:
    answer = lab.raw(HEAD + header + b"Content-Length: 0\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"]
    assert lab.seen() == []


DEPTH = 100_000
BODIES = {
    "deep and never closed": (b"[" * DEPTH, 400),
    "deep beside the model": (b'{"model": "chat", "a": ' + b"[" * DEPTH + b"]" * DEPTH + b"}", 400),
    "deep above all": (b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, 400),
    "no UTF-8": (b'{"model": "chat", "a": "\xff\xfe\x00"}', 400),
    "half a character": (b'{"model": "chat", "a": "\\ud800"}', 200),
    "zero bytes": (b"\x00" * 1_000_000, 400),
    "a long name": (b'{"model": "' + b"x" * 3_000_000 + b'"}', 404),
}


def test_deep_and_broken_bodies_at_once_cost_the_others_nothing(lab: Lab) -> None:
    found: set[tuple[str, int]] = set()

    def send(name: str) -> None:
        found.add((name, lab.chat(BODIES[name][0]).status_code))

    threads = [threading.Thread(target=send, args=(name,)) for name in list(BODIES) * 4]
    most = memory_mib(lab)
    for thread in threads:
        thread.start()
    good = []
    while any(thread.is_alive() for thread in threads):
        good.append(lab.chat())
        # Each body may be in it whole, as text and as values, while its worker looks at it.
        most = max(most, memory_mib(lab))
    assert {answer.status_code for answer in good} == {200}
    assert found == {(name, status) for name, (_, status) in BODIES.items()}
    assert most < BASE_MIB + SLOW_CLIENTS * REQUEST_MIB


def test_bodies_of_no_length_that_never_end_are_cut_at_the_limit(lab: Lab) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"A" * 65_536

    headers = {"Authorization": f"Bearer {KEY}"}
    try:
        answer = plain_http.post(lab.url + CHAT, content=endless(), headers=headers, timeout=15)
    except httpx.WriteError:
        return
    assert answer.status_code == 413


def test_a_client_that_stops_half_way_is_hung_up_on_and_logged_with_408(lab: Lab) -> None:
    file = lab.folder / "nginx" / "public.conf"
    text = file.read_text()
    try:
        file.write_text(text.replace("client_body_timeout 60s", "client_body_timeout 1s"))
        lab.reload()
        first = HEAD + b"Content-Length: 100\r\n\r\n{"
        with (
            slow_clients(lab, 1, first) as (connection,),
            contextlib.suppress(ConnectionResetError),
        ):
            assert connection.recv(4096) == b""
    finally:
        file.write_text(text)
        lab.reload()
    until(lambda: [line for line in lab.log() if line["status"] == 408])
    assert lab.seen() == []


def test_a_body_that_finds_no_place_to_wait_in_is_an_error_in_json(lab: Lab) -> None:
    place = ("exec", lab.container("nginx"), "chmod")
    docker(*place, "000", "/tmp/client_body")
    try:
        answer = lab.chat(b'{"model": "chat", "a": "' + b"x" * 1_000_000 + b'"}')
    finally:
        docker(*place, "700", "/tmp/client_body")
    assert said(answer) == (500, "internal")
    assert lab.seen() == []


def test_no_worker_died(lab: Lab) -> None:
    assert "exited on signal" not in docker("logs", lab.container("nginx"))
