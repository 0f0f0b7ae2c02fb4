"""A TCP or TLS connection of the event loop that says when bytes arrived.

asyncio's own streams and every HTTP library above them read without the kernel's stamps: with 128
streams on a busy machine they report their own lateness as the server's (`make bench-client`).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from checks.benchmarks.client.received import Received, ask_for_stamps, receive
from deploys.certificates.entrance import Entrance, server_context

TLS_READ_BYTES = 65_536


class Transport:
    """One open connection; `take` gets what arrives, an empty `data` at its end."""

    def __init__(self, connection: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self.take: Callable[[Received], None] | None = None
        self.is_open = True
        self.stamped = ask_for_stamps(connection)

    async def secure(self, context: ssl.SSLContext, server_name: str) -> None:
        """The handshake; raises ssl.SSLError, OSError."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._loop.sock_recv(self._socket, TLS_READ_BYTES)
                if not data:
                    raise ConnectionResetError("the connection ended in the handshake") from None
                self._incoming.write(data)
        await self._flush()
        self._tls = tls

    def listen(self) -> None:
        """From now on `take` is called."""
        self._loop.add_reader(self._socket, self._read)

    async def send(self, data: bytes) -> None:
        """All of it; raises OSError."""
        if self._tls is None:
            await self._loop.sock_sendall(self._socket, data)
        else:
            self._tls.write(data)
            await self._flush()

    def close(self) -> None:
        """Without a farewell: the other side is a server."""
        if self.is_open:
            self.is_open = False
            with suppress(ValueError, OSError):
                self._loop.remove_reader(self._socket)
            self._socket.close()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._loop.sock_sendall(self._socket, data)

    def _read(self) -> None:
        try:
            received = receive(self._socket)
            if self._tls is not None:
                received = self._decrypted(self._tls, received)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
            return
        except OSError:
            received = Received(b"", self._loop.time(), 0)
        take = self.take
        if not received.data or take is None:
            # The end, or bytes that nobody has asked for: of no use for another request.
            self.close()
        if take is not None:
            take(received)

    def _decrypted(self, tls: ssl.SSLObject, received: Received) -> Received:
        """Raises SSLWantReadError when the bytes are a part of a record only."""
        if not received.data:
            return received
        self._incoming.write(received.data)
        plain = [tls.read(TLS_READ_BYTES)]
        with suppress(ssl.SSLWantReadError):
            # Nothing after the farewell (close_notify), whatever bytes still follow it.
            while plain[-1] and (self._incoming.pending or tls.pending()):
                plain.append(tls.read(TLS_READ_BYTES))
        return Received(b"".join(plain), received.arrived, received.late_seconds)


@dataclass(frozen=True)
class Place:
    """An address that connections go to."""

    family: int
    address: Any
    """As `socket` has it for that family."""


async def resolve(way: Entrance) -> Place:
    """Asked once: a resolver's answer takes a thread, and longer than a connection."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(*way.address, type=socket.SOCK_STREAM)
    return Place(found[0][0], found[0][4])


async def connect(way: Entrance, place: Place) -> Transport:
    """A new connection there, without a limit of its own; raises OSError, ssl.SSLError too."""
    loop = asyncio.get_running_loop()
    connection = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connection, place.address)
        transport = Transport(connection)
        if context := server_context(way):
            await transport.secure(context, way.server_name or way.address[0])
        transport.listen()
    except BaseException:
        connection.close()
        raise
    return transport
