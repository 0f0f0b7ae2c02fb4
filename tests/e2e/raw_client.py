"""Connections of clients that do not keep to HTTP."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e.gateway_lab import Lab
from tests.e2e.gateway_tree import KEY


def connect(lab: Lab) -> socket.socket:
    """One to the gateway, with nothing sent yet."""
    host, port = lab.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


@contextmanager
def begun(lab: Lab, path: str, body: object) -> Iterator[Callable[[], bytes]]:
    """A request that a worker waits for; what ends it gives the first words of the answer."""
    text = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: gateway", f"Authorization: Bearer {KEY}"]
    lines += [f"Content-Length: {len(text)}", "Expect: 100-continue", "\r\n"]
    with connect(lab) as connection:
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")

        def end() -> bytes:
            connection.sendall(text)
            return connection.recv(12)

        yield end
