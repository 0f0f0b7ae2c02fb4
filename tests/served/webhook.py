"""Who is told: a server outside the fleet that keeps what Alertmanager or the watch sends it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Webhook:
    """One that listens."""

    url: str
    told: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of what came, the path in `path`."""


@contextmanager
def webhook(address: str, path: str) -> Iterator[Webhook]:
    """Listens on this machine's `address`, at a port that nobody has."""
    told: list[dict[str, Any]] = []

    class Told(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """One group of alerts, or one thing that the watch did or found."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append({**json.loads(body), "path": self.path})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer((address, 0), Told)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Webhook(f"http://{address}:{server.server_port}{path}", told)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
