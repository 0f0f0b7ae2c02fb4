"""A TLS connection's end, from a server that writes every byte of it by itself."""

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from checks.benchmarks.client.received import Received
from checks.benchmarks.client.transport import Transport
from tests.certificates.issuing import NAME, tls_server


def _serve(context: ssl.SSLContext, connection: socket.socket) -> None:
    """Answers, says farewell, and goes on talking without TLS."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
            incoming.write(connection.recv(65_536))
    tls.write(b"the answer")
    with suppress(ssl.SSLWantReadError):
        tls.unwrap()
    connection.sendall(outgoing.read() + b"and more")
    connection.close()


@pytest.mark.timeout(10)
def test_what_follows_a_farewell_is_not_read(tmp_path: Path) -> None:
    """Nor waited for: the event loop would have no time for any other connection."""
    context, trust = tls_server(tmp_path)

    async def read() -> list[bytes]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        serving = asyncio.create_task(asyncio.to_thread(_serve, context, theirs))
        transport, found, over = Transport(ours), [], asyncio.Event()

        def take(received: Received) -> None:
            found.append(received.data)
            if not received.data:
                over.set()

        await transport.secure(ssl.create_default_context(cafile=trust), NAME)
        transport.take = take
        transport.listen()
        await over.wait()
        await serving
        return found

    assert asyncio.run(read()) == [b"the answer", b""]
