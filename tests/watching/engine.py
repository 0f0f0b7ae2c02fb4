"""An engine that behaves as a test wants, on an address of this machine's own."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deploys.watching.judging import OK


@dataclass
class Engine:
    """One replica that behaves as a test wants."""

    health: int = OK
    """0: it breaks off without a word."""
    ready: str = "/health"
    """Where it says that."""
    busy: int = 0
    steps: int = 0

    def text(self, path: str) -> str:
        """What it answers."""
        if path == self.ready:
            return "{}"
        return f"llamacpp:requests_processing {self.busy}\nllamacpp:n_decode_total {self.steps}\n"


def _others(path: str) -> int:
    return OK if path == "/metrics" else 404


def serving(address: str, port: int, engine: Engine) -> ThreadingHTTPServer:
    """An engine that listens until `shutdown`."""

    class Handler(BaseHTTPRequestHandler):
        """Python asks for a class."""

        def do_GET(self) -> None:
            if not engine.health:
                self.close_connection = True
                return
            text = engine.text(self.path).encode()
            self.send_response(engine.health if self.path == engine.ready else _others(self.path))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer((address, port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
