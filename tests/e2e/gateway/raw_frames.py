"""HTTP/2 by hand: a request in frames, with header fields as they are given, however wrong.

Frames are RFC 9113's, header blocks RFC 7541's: fields as literals, without Huffman's code.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence

from tests.e2e.gateway_lab import CHAT
from tests.e2e.gateway_tree import KEY
from tests.e2e.tls_lab import NAME, TlsLab

Field = tuple[bytes, bytes]
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4
STREAM = 1
# Statuses that have a number in the static table; the others are written out.
NUMBERED = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
BODY = b'{"model":"chat"}'
METHOD, SCHEME, PATH = (b":method", b"POST"), (b":scheme", b"https"), (b":path", CHAT.encode())
AUTHORITY = (b":authority", NAME.encode())
WITH_KEY = (b"authorization", f"Bearer {KEY}".encode())
PLAIN = (METHOD, SCHEME, AUTHORITY, PATH, WITH_KEY)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def block(fields: Sequence[Field]) -> bytes:
    """The fields, each a literal that is not kept; names and values of less than 127 bytes."""
    return b"".join(
        b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields
    )


def status_of(lab: TlsLab, fields: Sequence[Field], body: bytes = BODY) -> int:
    """Status of the answer to one request; 0 where nginx ends stream or connection instead."""
    context = ssl.create_default_context(cafile=lab.authority)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", lab.port), 10) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
        connection.sendall(
            PREFACE
            + frame(SETTINGS, 0, 0, b"")
            + frame(HEADERS, END_HEADERS, STREAM, block(fields))
            + frame(DATA, END_STREAM, STREAM, body)
        )
        for kind, payload in _frames(connection):
            if kind == HEADERS:
                return _status(payload)
            if kind in (RESET, GOAWAY):
                return 0
    return 0


def _frames(connection: ssl.SSLSocket) -> Iterator[tuple[int, bytes]]:
    with connection.makefile("rb") as pieces:
        while head := pieces.read(9):
            yield head[3], pieces.read(int.from_bytes(head[:3], "big"))


def _status(payload: bytes) -> int:
    # What the first answer of a connection begins with: another size of the dynamic table.
    field = payload.lstrip(b"\x20")
    return NUMBERED.get(field[0]) or int(field[2:5])
