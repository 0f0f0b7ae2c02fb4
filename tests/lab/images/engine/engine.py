"""A test double of llama-server: its arguments, paths and answers, one token each second.

The tiny model answers a whole request in 25 ms, so that no number of clients has twenty streams
open on one replica. What is measured of llama-server (build 11669) and done here as well: /health,
one slot per --parallel and a queue behind it, idle connections closed after 5 s, and SIGTERM, on
which it stops generating at once and breaks its streams off (it is silent for 30 s first; this one
is not, which saves the tests that time).
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

TOKEN_SECONDS = 1.0
IDLE_SECONDS = 5
CRASH_SECONDS = 10
# As llama.cpp says it: https://github.com/ggml-org/llama.cpp/issues/20431.
OUT_OF_MEMORY = (
    "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 144817.04 MiB on device 0: "
    "cudaMalloc failed: out of memory"
)
BEHAVIOUR = os.environ.get("ENGINE_BEHAVIOUR", "right")


def value(flag: str) -> str:
    """What stands behind one of llama-server's flags."""
    return sys.argv[sys.argv.index(flag) + 1]


ALIAS = value("--alias")
SLOTS = asyncio.Semaphore(int(value("--parallel")))
# What runs, waits, was computed step by step and was answered, by the names of whom it stands for.
NAMES = {
    "llamacpp": "requests_processing requests_deferred n_decode_total tokens_predicted_total",
    "vllm": "num_requests_running num_requests_waiting iteration_tokens_total_count"
    " generation_tokens_total",
}
FAMILY = os.environ.get("ENGINE_METRICS", "llamacpp")
NOW = {"running": 0, "waiting": 0, "steps": 0, "tokens": 0}


@contextlib.asynccontextmanager
async def slot() -> AsyncIterator[None]:
    """One of the slots, counted while it is waited for and held."""
    NOW["waiting"] += 1
    try:
        await SLOTS.acquire()
    finally:
        NOW["waiting"] -= 1
    NOW["running"] += 1
    try:
        yield
    finally:
        NOW["running"] -= 1
        SLOTS.release()


def computed(tokens: int) -> None:
    """A step of the engine for each token."""
    NOW["steps"] += tokens
    NOW["tokens"] += tokens


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept alive."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
        while True:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_SECONDS)
            path = head.split()[1].decode()
            lengths = [
                int(line.split(b":")[1])
                for line in head.lower().splitlines()
                if line.startswith(b"content-length:")
            ]
            body = await reader.readexactly(lengths[0]) if lengths else b""
            await answer(writer, path, json.loads(body) if body else {})
            if b"connection: close" in head.lower():
                break
    writer.close()


async def answer(writer: asyncio.StreamWriter, path: str, request: dict[str, Any]) -> None:
    """One request."""
    if path == "/health":
        status = 503 if BEHAVIOUR == "never healthy" else 200
        await whole(writer, status, {"status": "ok" if status == 200 else "loading"})
    elif path == "/metrics":
        await metrics(writer)
    elif path != "/v1/chat/completions":
        await whole(writer, 404, {"error": {"message": "File Not Found", "code": 404}})
    else:
        async with slot():
            count = int(request.get("max_tokens", 16))
            if request.get("stream"):
                await stream(writer, count)
            else:
                computed(count)
                await whole(writer, 200, completion(count))


async def metrics(writer: asyncio.StreamWriter) -> None:
    """As Prometheus reads them."""
    values = zip(NAMES[FAMILY].split(), NOW.values(), strict=True)
    text = "".join(f"{FAMILY}:{name} {value}\n" for name, value in values).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n\r\n"
    writer.write(head.encode() + text)
    await writer.drain()


def completion(count: int) -> dict[str, Any]:
    """A whole answer, without the pauses."""
    text = "!" * count if BEHAVIOUR == "garbage" else " word" * count
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "length", "message": message}
    usage = {"completion_tokens": count, "prompt_tokens": 6, "total_tokens": count + 6}
    return {"object": "chat.completion", "model": ALIAS, "choices": [choice], "usage": usage}


async def whole(writer: asyncio.StreamWriter, status: int, document: dict[str, Any]) -> None:
    """One answer with its length."""
    text = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)
    await writer.drain()


async def stream(writer: asyncio.StreamWriter, count: int) -> None:
    """One event for each token, then [DONE]."""
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    writer.write(head.encode())
    for number in range(count):
        computed(1)
        choice = {"index": 0, "delta": {"content": f" {number}"}, "finish_reason": None}
        await event(writer, json.dumps({"model": ALIAS, "choices": [choice]}))
        await asyncio.sleep(TOKEN_SECONDS)
    await event(writer, "[DONE]")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def event(writer: asyncio.StreamWriter, text: str) -> None:
    """One chunk."""
    line = f"data: {text}\n\n".encode()
    writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
    await writer.drain()


async def main() -> None:
    """Until SIGTERM, or as long as its behaviour lets it."""
    if not Path(value("--model")).is_file():
        sys.exit(f"error: failed to open {value('--model')}")
    print(f"main: model loaded, behaviour: {BEHAVIOUR}", flush=True)
    if BEHAVIOUR == "never healthy":
        print(OUT_OF_MEMORY, flush=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    await asyncio.start_server(serve, "0.0.0.0", int(value("--port")), backlog=512)  # noqa: S104
    if BEHAVIOUR == "crashes":
        await asyncio.sleep(CRASH_SECONDS)
        print("ggml_abort: out of memory", flush=True)
        os._exit(134)
    await asyncio.Event().wait()


asyncio.run(main())
