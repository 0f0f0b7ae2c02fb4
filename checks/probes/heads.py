"""Sends a gateway the head of a request and keeps its body: what is said of the head alone.

The gateway has counted such a request and holds a place for it; no engine has heard of it, and none
ever will. nginx says 100 to who expects it also before a refusal, but for one of the length
(ngx_http_discard_request_body): only who waits a moment longer knows.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import h11

from checks.probes.gateway import Answer, Gateway, NoAnswer, with_key
from deploys.certificates.entrance import server_context

# It is answered at once or not at all: nothing of it waits for an engine.
HEAD_SECONDS = 10
# A refusal follows 100 within nginx's same turn.
REFUSAL_SECONDS = 0.2
INVITED = 100
_READ_BYTES = 65536

Line = socket.socket | ssl.SSLSocket


@dataclass(frozen=True)
class Begun:
    """A request whose head was sent, and of which the gateway has said 100 at least."""

    line: Line
    connection: h11.Connection
    first: Answer

    def answer(self, seconds: float = REFUSAL_SECONDS) -> Answer:
        """Its answer; its status is INVITED where none comes: the gateway waits for the body."""
        if self.first.status != INVITED:
            return self.first
        self.line.settimeout(seconds)
        try:
            return _next(self.line, self.connection)
        except TimeoutError:
            return self.first


@contextmanager
def begun(gateway: Gateway, path: str, length_bytes: int) -> Iterator[Begun]:
    """A POST that has begun, until the block ends. Raises NoAnswer."""
    address, context = gateway.way.address, server_context(gateway.way)
    name = gateway.way.server_name or address[0]
    try:
        with socket.create_connection(address, HEAD_SECONDS) as plain:
            line = context.wrap_socket(plain, server_hostname=name) if context else plain
            with line:
                connection = h11.Connection(h11.CLIENT)
                line.sendall(connection.send(_head(gateway, name, path, length_bytes)) or b"")
                yield Begun(line, connection, _next(line, connection))
    except (OSError, h11.ProtocolError) as error:
        raise NoAnswer(gateway.url, str(error) or type(error).__name__) from error


def _head(gateway: Gateway, name: str, path: str, length_bytes: int) -> h11.Request:
    headers = {
        "Host": name,
        **with_key(gateway),
        "Content-Type": "application/json",
        "Content-Length": str(length_bytes),
        "Expect": "100-continue",
    }
    return h11.Request(method="POST", target=path, headers=list(headers.items()))


def _next(line: Line, connection: h11.Connection) -> Answer:
    """What comes next: 100, or a whole answer. Raises TimeoutError."""
    status, headers, text = 0, {}, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(line.recv(_READ_BYTES))
        elif isinstance(event, h11.InformationalResponse):
            return Answer(event.status_code, {}, "")
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {one.decode(): value.decode() for one, value in event.headers}
        elif isinstance(event, h11.Data):
            text += bytes(event.data)
        else:
            return Answer(status, headers, text.decode(errors="replace"))
