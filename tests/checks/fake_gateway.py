"""A gateway on loopback that behaves, or misbehaves in one way at a time."""

import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.checks.fake_chats import FakeChats
from tests.checks.fake_limits import FakeLimits, FakeRefusals
from tests.checks.fake_mistakes import CHAT, mistake
from tests.checks.fake_vectors import FakeVectors

EVENTS = 40
PIECE = {"choices": [{"delta": {"content": "x"}}]}
# Many times what tells two bursts apart; an engine takes longer for a token.
EVENT_SECONDS = 0.01


@dataclass
class Behaviour:
    """How this gateway behaves; the defaults are right."""

    key: str
    models: tuple[str, ...] = ("tiny",)
    paths: Mapping[str, str] = field(default_factory=dict)
    """Where a model answers, and nowhere else; /v1/chat/completions when left out."""
    rows: int = 2
    """Vectors or ranks of an answer that holds such."""
    vectors: FakeVectors = field(default_factory=FakeVectors)
    chats: FakeChats = field(default_factory=FakeChats)
    busy_times: int = 0
    """How many requests more meet a limit of their client."""
    replicas: tuple[str, ...] = ("172.18.0.11:8080", "172.18.0.12:8080")
    health_status: int = 200
    text: str = "seven"
    usage: Mapping[str, int] = field(
        default_factory=lambda: {"prompt_tokens": 5, "completion_tokens": 7}
    )
    buffers_streams: bool = False
    ends_streams: bool = True
    garbles_streams: bool = False
    lets_in: tuple[str, ...] = ()
    """Authorization headers that pass besides the right one; `` is a request without any."""
    limits: FakeLimits = field(default_factory=FakeLimits)
    refusals: FakeRefusals = field(default_factory=FakeRefusals)
    names_known_models: bool = True
    unknown_model_status: int = 404
    open_paths: tuple[str, ...] = ()
    names_replica: bool = True
    provider: str = "fleet"
    release: str = ""
    """The revision of its configuration."""
    tells: Callable[[int, Mapping[str, str]], Mapping[str, str]] = lambda _number, _asked: {}
    """Number and headers of a request -> more headers of its answer."""
    certificate: Path | None = None
    """PEM of certificate and key; None: plain HTTP."""


@contextmanager
def fake_gateway(behaviour: Behaviour) -> Iterator[int]:
    """Serves on 127.0.0.1; gives the port."""
    turns = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _get(self, behaviour)

        def do_POST(self) -> None:
            _post(self, behaviour, turns)

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if behaviour.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(behaviour.certificate)
        # The handshake in the request's own thread: one client that does not trust us ends it.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _get(handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    if handler.path == "/healthz":
        _send(handler, behaviour.health_status, {})
    elif no := behaviour.limits.refusal(handler, may_enter=_may_enter(handler, behaviour)):
        _refuse(handler, *no, behaviour)
    elif handler.path == "/v1/models":
        _send(handler, 200, {"data": [{"id": name} for name in behaviour.models]})
    elif handler.path in behaviour.open_paths:
        _send(handler, 200, {})
    elif handler.path in (CHAT, *behaviour.paths.values()):
        _refuse(handler, 405, "wrong_method", "another method", behaviour)
    else:
        _refuse(handler, 404, "path_not_found", "not served", behaviour)


def _post(
    handler: BaseHTTPRequestHandler, behaviour: Behaviour, turns: "itertools.count[int]"
) -> None:
    if "Expect" in handler.headers:
        if no := behaviour.limits.begin(handler):
            _refuse(handler, *no, behaviour)
        return
    body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
    if (no := behaviour.limits.refusal(handler, may_enter=_may_enter(handler, behaviour))) or (
        no := mistake(handler.path, body, behaviour)
    ):
        _refuse(handler, *no, behaviour)
    elif behaviour.busy_times:
        behaviour.busy_times -= 1
        _send(handler, 429, {"error": {"message": "too many"}}, {"Retry-After": "1"})
    elif handler.path.endswith("/chat/completions") and (full := behaviour.chats.refusal(body)):
        _send(handler, *full)
    elif body.get("stream"):
        _stream(handler, body, behaviour)
    else:
        # nginx names every replica that it tried; the last one answered.
        number = next(turns)
        replica = behaviour.replicas[number % len(behaviour.replicas)]
        tried = f"172.18.0.99:8080, {replica}"
        headers = {"X-Homeport-Replica": tried} if behaviour.names_replica else {}
        headers |= {"X-Homeport-Provider": behaviour.provider}
        headers |= {"X-Homeport-Release": behaviour.release}
        headers |= behaviour.tells(number, dict(handler.headers))
        _send(handler, 200, _document(handler.path, body, behaviour), headers)


def _document(path: str, body: Mapping[str, Any], behaviour: Behaviour) -> Mapping[str, object]:
    if path.endswith("/embeddings"):
        return {"data": _rows(behaviour.vectors.embedded(body), behaviour)}
    if path.endswith("/rerank"):
        return {"results": _rows(behaviour.vectors.ranked(body), behaviour)}
    return behaviour.chats.answer(body, behaviour.text, behaviour.usage)


def _rows(found: list[dict[str, object]], behaviour: Behaviour) -> list[dict[str, object]]:
    """As many for each two texts as it gives."""
    return (found * behaviour.rows)[: len(found) * behaviour.rows // 2]


def _stream(handler: BaseHTTPRequestHandler, body: Mapping[str, Any], behaviour: Behaviour) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    pieces = behaviour.chats.pieces(body, EVENTS, behaviour.usage)
    said = ["{oops" if behaviour.garbles_streams else json.dumps(piece) for piece in pieces]
    events = [f"data: {words}\n\n" for words in said]
    events += ["data: [DONE]\n\n"] * behaviour.ends_streams
    # Whoever has read enough of it hangs up.
    with suppress(ConnectionError):
        for words in ["".join(events)] if behaviour.buffers_streams else events:
            handler.wfile.write(words.encode())
            time.sleep(EVENT_SECONDS)


def _may_enter(handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> bool:
    shown = handler.headers.get("Authorization", "")
    keys = (f"Bearer {behaviour.key}", f"Bearer {behaviour.limits.tiered_key}")
    return shown in (*keys, *behaviour.lets_in)


def _refuse(
    handler: BaseHTTPRequestHandler, status: int, code: str, message: str, behaviour: Behaviour
) -> None:
    behaviour.refusals.send(handler, status, code, message, behaviour.limits.retry_after)


def _send(
    handler: BaseHTTPRequestHandler,
    status: int,
    document: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> None:
    text = json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(text)
