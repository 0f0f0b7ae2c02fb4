"""A real nginx with as many connections as its limits allow, and some more."""

import contextlib
import resource
import socket
import struct
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.gateway.test_floods import BASE_MIB, HEAD, memory_mib
from tests.e2e.gateway_lab import Lab, docker, own_address
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(300)]

# worker_connections of two workers (nginx.conf), and more than that.
CONNECTIONS = 2 * 8192
TOO_MANY = CONNECTIONS + 600
# What a connection may take: 1 KiB idle and 10 KiB amid a request's headers when measured.
CONNECTION_KIB = 16
# Descriptors of this process itself.
OWN_DESCRIPTORS = 400
SERVED_SECONDS = 15
PATIENCE = "client_header_timeout 30s;"


@pytest.fixture(autouse=True)
def _many_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Root may have more than its shell was given.
    most = max(most, TOO_MANY + OWN_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.fixture(scope="module", autouse=True)
def _patient(started_lab: Lab) -> None:
    """A busy machine opens so many connections in more time than nginx waits for a head."""
    file = started_lab.folder / "nginx" / "public.conf"
    text = file.read_text()
    assert PATIENCE in text
    file.write_text(text.replace(PATIENCE, PATIENCE.replace("30s", "280s")))
    started_lab.reload()


@contextlib.contextmanager
def connected(lab: Lab, count: int, first: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, straight to the container: Docker's own proxy has limits too."""
    address = own_address(lab.container("nginx"))
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((address, 8080), timeout=30))
            # Reset in the end: ports that wait a minute would be too few for the next test.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # nginx may have closed it at once.
            with contextlib.suppress(OSError):
                connection.sendall(first)
            connections.append(connection)
        yield connections


def active(lab: Lab) -> int:
    """Connections that nginx has, by its own count."""
    return int(plain_http.get(f"{lab.admin_url}/status", timeout=5).text.split()[2])


def served_again(lab: Lab) -> bool:
    """Whether a client gets its answer within a while."""
    give_up = time.monotonic() + SERVED_SECONDS
    while time.monotonic() < give_up:
        with contextlib.suppress(httpx.HTTPError):
            if lab.chat().status_code == 200:
                return True
        time.sleep(0.2)
    return False


def processes(lab: Lab) -> list[str]:
    """The numbers of nginx's own."""
    lines = docker("top", lab.container("nginx")).splitlines()[1:]
    return [line.split()[1] for line in lines]


def test_idle_connections_give_way_to_those_who_ask(lab: Lab) -> None:
    with connected(lab, TOO_MANY, b""):
        assert {lab.chat().status_code for _ in range(20)} == {200}
        assert CONNECTIONS * 0.8 < active(lab) <= CONNECTIONS
        assert memory_mib(lab) < BASE_MIB + TOO_MANY * CONNECTION_KIB / 1024


def test_when_every_connection_waits_for_a_request_more_are_refused_and_no_worker_dies(
    lab: Lab,
) -> None:
    workers = processes(lab)
    with connected(lab, TOO_MANY, HEAD):
        refused = 0
        for _ in range(10):
            try:
                assert lab.chat().status_code in (200, 503)
            except httpx.HTTPError:
                refused += 1
        assert refused
        assert memory_mib(lab) < BASE_MIB + TOO_MANY * CONNECTION_KIB / 1024
    assert served_again(lab)
    assert processes(lab) == workers
    assert "exited on signal" not in docker("logs", lab.container("nginx"))
