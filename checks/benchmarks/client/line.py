"""Connections to one gateway that are used again, and requests sent over them."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import h11

from checks.benchmarks.client.exchange import Exchange
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.client.transport import Place, Transport, connect, resolve
from deploys.certificates.entrance import CONNECT_SECONDS, Entrance
from deploys.settings.words import bracketed


@dataclass
class _Connection:
    transport: Transport
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))


class Lines:
    """As many connections as there are requests at once; idle ones are used again."""

    def __init__(self, way: Entrance, headers: Mapping[str, str], timeout_seconds: float) -> None:
        host, port = way.address
        self._way = way
        self._timeout_seconds = timeout_seconds
        self._idle: list[_Connection] = []
        self._place: Place | None = None
        self._headers = {
            "Host": way.server_name or f"{bracketed(host)}:{port}",
            # A compressed stream comes in bunches.
            "Accept-Encoding": "identity",
            "Accept": "text/event-stream",
            "Content-Type": "application/json",
            **headers,
        }
        self.stamped = True
        """Whether the kernel says when bytes arrive, on every connection so far."""

    async def ask(self, path: str, body: bytes, wanted: float) -> Sample:
        """Sends it now; what went wrong is in the sample too. `wanted`: when it was to be sent."""
        sample = Sample(wanted)
        loop = asyncio.get_running_loop()
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                connection = await self._connection(sample)
                await self._exchange(connection, path, body, sample)
        except TimeoutError:
            words = f"no whole answer within {self._timeout_seconds:g} s"
            sample.outcome, sample.words = Outcome.timed_out, words
        except (OSError, ssl.SSLError, h11.LocalProtocolError) as error:
            sample.outcome, sample.words = Outcome.broken, str(error) or type(error).__name__
        finally:
            sample.ended = sample.ended or loop.time()
            if connection is not None:
                self._put_back(connection)
        return sample

    def close(self) -> None:
        """All that are idle."""
        for one in self._idle:
            one.transport.close()
        self._idle.clear()

    async def _connection(self, sample: Sample) -> _Connection:
        """The one that was used last, which is the least likely to be closed by the server."""
        while self._idle:
            one = self._idle.pop()
            if one.transport.is_open:
                return one
        sample.connected_anew = True
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._place = self._place or await resolve(self._way)
                transport = await connect(self._way, self._place)
        except TimeoutError:
            raise ConnectionError(f"no connection within {CONNECT_SECONDS} s") from None
        self.stamped &= transport.stamped
        return _Connection(transport)

    async def _exchange(
        self, connection: _Connection, path: str, body: bytes, sample: Sample
    ) -> None:
        http, transport = connection.http, connection.transport
        exchange = Exchange(http, sample)
        headers = [*self._headers.items(), ("Content-Length", str(len(body)))]
        request = http.send(h11.Request(method="POST", target=path, headers=headers)) or b""
        data = request + (http.send(h11.Data(body)) or b"") + (http.send(h11.EndOfMessage()) or b"")
        transport.take = exchange.take
        sample.sent = asyncio.get_running_loop().time()
        await transport.send(data)
        await exchange.over

    def _put_back(self, connection: _Connection) -> None:
        transport, http = connection.transport, connection.http
        transport.take = None
        if transport.is_open and (http.our_state, http.their_state) == (h11.DONE, h11.DONE):
            http.start_next_cycle()
            self._idle.append(connection)
        else:
            transport.close()
