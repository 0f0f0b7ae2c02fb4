"""A gateway on loopback that answers each line as a test says, and counts what reaches it."""

import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.lab.waiting import until

USAGE = {"prompt_tokens": 5, "completion_tokens": 7}


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    body: object = field(default_factory=lambda: {"choices": [], "usage": USAGE})
    """Sent as JSON; text is sent as it is."""
    headers: Mapping[str, str] = field(default_factory=dict)
    drops: bool = False
    """Closes the connection without a word, as a process that dies does."""


@dataclass
class ScriptedGateway:
    """What it says, and what it has seen."""

    reply: Callable[[str, int], Reply] = lambda _name, _time: Reply()
    """(what the line asks, how often it has asked) -> answer."""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """What each request asked, in the order of their arrival."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Path, headers and body of each."""
    running: int = 0
    most_running: int = 0
    connections: int = 0
    accepted: int = 0
    ended: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self) -> Counter[str]:
        """How often each line has asked."""
        return Counter(self.asked)

    def settle(self) -> None:
        """Returns once all that clients which are gone had sent was read: accepted in order."""
        before = self.accepted
        socket.create_connection(("127.0.0.1", self.port)).close()
        until(lambda: before < self.accepted == self.ended)

    def take(self, path: str, headers: Mapping[str, str], body: Any) -> Reply:  # noqa: ANN401
        """Counts a request for as long as its answer takes to be thought of."""
        name = name_of(body)
        with self.lock:
            self.asked.append(name)
            self.requests.append({"path": path, "headers": headers, "body": body})
            time = self.asked.count(name)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            return self.reply(name, time)
        finally:
            with self.lock:
                self.running -= 1


def name_of(body: Any) -> str:  # noqa: ANN401 - any JSON
    """What a line asks: its message's text, or what is to be embedded."""
    if "messages" not in body:
        return str(body["input"])
    content = body["messages"][0]["content"]
    return str(content if isinstance(content, str) else content[0]["text"])


@contextmanager
def scripted_gateway(
    reply: Callable[[str, int], Reply] = lambda _name, _time: Reply(),
    certificate: Path | None = None,
) -> Iterator[ScriptedGateway]:
    """Serves on 127.0.0.1, over TLS where there is a certificate."""
    state = ScriptedGateway(reply)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            found = super().get_request()
            state.accepted += 1
            return found

        def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - a socket, or its TLS
            super().shutdown_request(request)
            with state.lock:
                state.ended += 1

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet for headers and body: the kernel would hold the second back for 40 ms.
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            state.connections += 1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _send(self, state.take(self.path, dict(self.headers.items()), body))

        def log_message(self, *_arguments: object) -> None:
            """Silent: tests look at `asked`."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.drops:
        handler.close_connection = True
        return
    text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body, indent=1)
    words = {"X-Request-Id": "0123abcd", "X-Homeport-Provider": "fleet", **reply.headers}
    try:
        handler.send_response(reply.status)
        for name, value in {**words, "Content-Length": str(len(text.encode()))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text.encode())
    except OSError:
        handler.close_connection = True
