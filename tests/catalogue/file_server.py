"""A small HTTP server on 127.0.0.1 that serves one file, and fails the way real ones do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class FileServer:
    """What it serves, how it fails, and what it was asked."""

    content: bytes
    url: str = ""
    etag: str = '"one"'
    cut_after_bytes: int | None = None
    """Ends the connection after so many bytes of each answer."""
    cuts_left: int = 0
    ranges: bool = True
    status: int | None = None
    """Says this and nothing else."""
    asked: list[str] = field(default_factory=list)
    """The Range header of each request; empty for the whole file."""


@contextmanager
def serving(
    content: bytes,
    name: str = "model.gguf",
    **words: Any,  # noqa: ANN401 - the fields of FileServer
) -> Iterator[FileServer]:
    """Serves `content` as /`name` until the block ends."""
    state = FileServer(content, **words)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, state)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent: tests look at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/{name}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, state: FileServer) -> None:
    wanted = handler.headers.get("Range", "")
    state.asked.append(wanted)
    if state.status is not None:
        handler.send_error(state.status)
        return
    condition = handler.headers.get("If-Range", state.etag)
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if not state.ranges or condition != state.etag:
        match = None
    size = len(state.content)
    start = int(match[1]) if match else 0
    end = min(int(match[2]) + 1, size) if match and match[2] else size
    if start >= size:
        handler.send_error(416)
        return
    handler.send_response(206 if match else 200)
    if match:
        handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
    handler.send_header("Content-Length", str(end - start))
    if state.etag:
        handler.send_header("ETag", state.etag)
    handler.end_headers()
    body = state.content[start:end]
    if state.cut_after_bytes is not None and state.cuts_left > 0:
        state.cuts_left -= 1
        body = body[: state.cut_after_bytes]
    handler.wfile.write(body)
