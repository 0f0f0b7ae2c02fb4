"""A synthetic replica, run as a script in a container: slots, and a cache of sessions' prompts.

Port 8080 answers after the prefill, which is short for a session whose prompt is in the cache, and
the decoding. A request to port 8090 empties the cache.
"""

import asyncio
import json
import sys
from collections import OrderedDict

SLOTS = 4
# Sessions whose prompts one replica's cache holds; the least recently used one goes.
CACHED_SESSIONS = 24
# 4,000 tokens of prompt at 5,000 a second, and what is left to do when they are in the cache.
MISS_SECONDS, HIT_SECONDS = 0.8, 0.05
DECODE_SECONDS = 0.3

NAME = sys.argv[1] if len(sys.argv) > 1 else "engine"
cache: OrderedDict[str, None] = OrderedDict()


async def generate(session: str, slots: asyncio.Semaphore) -> bool:
    """Waits for a slot and works on the request; whether its prompt was in the cache."""
    async with slots:
        is_hit = session in cache
        await asyncio.sleep(HIT_SECONDS if is_hit else MISS_SECONDS)
        cache[session] = None
        cache.move_to_end(session)
        while len(cache) > CACHED_SESSIONS:
            cache.popitem(last=False)
        await asyncio.sleep(DECODE_SECONDS)
    return is_hit


async def request_body(reader: asyncio.StreamReader) -> bytes:
    """The body of one request, once it is there."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    lengths = [
        line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length")
    ]
    return await reader.readexactly(int(lengths[0]) if lengths else 0)


async def main() -> None:
    """Serves both ports."""
    slots = asyncio.Semaphore(SLOTS)

    async def engine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = json.loads(await request_body(reader))
        is_hit = await generate(body["user"], slots)
        send(writer, {"served_by": NAME, "cached": is_hit})

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_body(reader)
        cache.clear()
        send(writer, {})

    servers = [
        await asyncio.start_server(serve, "0.0.0.0", port)  # noqa: S104 - in a container
        for serve, port in ((engine, 8080), (control, 8090))
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def send(writer: asyncio.StreamWriter, document: object) -> None:
    """One answer, and the end of the connection."""
    text = json.dumps(document)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n{text}".encode())
    writer.close()


if __name__ == "__main__":
    asyncio.run(main())
