"""A small HTTP server of files, which fails the way real ones do."""

import re
import ssl
import time
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
    status_once_cut: int | None = None
    """What it says, and nothing else, after the last of them."""
    ranges: bool = True
    status: int | None = None
    """Says this and nothing else."""
    others: dict[str, bytes] = field(default_factory=dict)
    """More files, by their path."""
    token: str = ""
    """What a request must bear; empty: nothing."""
    pause_seconds: float = 0
    """Between two pieces of an answer, of which there are twenty."""
    asked: list[str] = field(default_factory=list)
    """The Range header of each request; empty for the whole file."""
    paths: list[str] = field(default_factory=list)
    """The path of each request."""
    sent_bytes: int = 0


@contextmanager
def serving(
    content: bytes,
    name: str = "model.gguf",
    *,
    address: str = "127.0.0.1",
    trust: ssl.SSLContext | None = None,
    **words: Any,  # noqa: ANN401 - the fields of FileServer
) -> Iterator[FileServer]:
    """Serves `content` as /`name` until the block ends; over TLS where a context is given."""
    state = FileServer(content, **words)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, state)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent: tests look at `asked`."""

    server = ThreadingHTTPServer((address, 0), Handler)
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    scheme = "https" if trust else "http"
    state.url = f"{scheme}://{address}:{server.server_port}/{name}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, state: FileServer) -> None:
    wanted = handler.headers.get("Range", "")
    state.asked.append(wanted)
    state.paths.append(handler.path)
    refused = state.token and handler.headers.get("Authorization") != f"Bearer {state.token}"
    missing = bool(state.others) and handler.path not in state.others
    if state.status is not None or refused or missing:
        handler.send_error(state.status or (401 if refused else 404))
        return
    content = state.others.get(handler.path, state.content)
    condition = handler.headers.get("If-Range", state.etag)
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if not state.ranges or condition != state.etag:
        match = None
    size = len(content)
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
    _send(handler, state, content[start:end])


def _send(handler: BaseHTTPRequestHandler, state: FileServer, body: bytes) -> None:
    if state.cut_after_bytes is not None and state.cuts_left > 0:
        state.cuts_left -= 1
        state.status = None if state.cuts_left else state.status_once_cut
        body = body[: state.cut_after_bytes]
    piece = len(body) // 20 + 1 if state.pause_seconds else len(body) or 1
    for place in range(0, len(body), piece):
        state.sent_bytes += handler.wfile.write(body[place : place + piece])
        time.sleep(state.pause_seconds)
