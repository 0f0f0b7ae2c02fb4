"""An engine for the gateway's tests, run as a script in a container of its own.

Port 8080 answers as an OpenAI-compatible engine does, in the way that was last asked for on port
8090: POST /mode with one of the words in MODES. GET /seen there lists what reached port 8080.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = 8
EVENT_SECONDS = 0.1
# A hung engine, longer than any time-out of the tests.
HANG_SECONDS = 20

NAME = sys.argv[1] if len(sys.argv) > 1 else "engine"
seen: list[dict[str, Any]] = []
state = {"mode": "answers"}


class Engine(BaseHTTPRequestHandler):
    """Port 8080."""

    protocol_version = "HTTP/1.1"
    # As llama-server: an idle connection is closed after 5 s.
    timeout = 5

    def do_POST(self) -> None:
        """Takes the whole body, as engines do, then behaves as it was told."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        record = {"path": self.path, "bytes": len(body), "headers": self.headers.items()}
        record["mode"] = state["mode"]
        seen.append(record)
        try:
            MODES[state["mode"]](self, json.loads(body.decode(errors="replace")))
        except OSError:
            record["aborted"] = True
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""

    def send(self, status: int, document: object, **headers: str) -> None:
        """One whole answer."""
        text = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)


class Control(BaseHTTPRequestHandler):
    """Port 8090."""

    def do_GET(self) -> None:
        """What has reached the engine."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(seen).encode())

    def do_POST(self) -> None:
        """Another way to behave; forgets what was seen."""
        state["mode"] = self.rfile.read(int(self.headers["Content-Length"])).decode()
        seen.clear()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


def answer(engine: Engine, request: dict[str, Any]) -> None:
    """A whole answer, or a stream with a pause before each event."""
    if not request.get("stream"):
        engine.send(200, {"served_by": NAME}, Content_Type="application/json")
        return
    start_stream(engine)
    for number in range(EVENTS):
        send_event(engine, f"data: {number}\n\n")
        time.sleep(EVENT_SECONDS)
    send_event(engine, "")


def hold(engine: Engine, _request: dict[str, Any]) -> None:
    """A stream that goes on until the engine is told to behave in another way."""
    start_stream(engine)
    while state["mode"] == "holds":
        send_event(engine, "data: 0\n\n")
        time.sleep(EVENT_SECONDS)
    send_event(engine, "")


def start_stream(engine: Engine) -> None:
    """Headers of a stream whose length nobody knows."""
    engine.send_response(200)
    engine.send_header("Content-Type", "text/event-stream")
    engine.send_header("Transfer-Encoding", "chunked")
    engine.end_headers()


def send_event(engine: Engine, text: str) -> None:
    """One chunk; the empty one ends the stream."""
    engine.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())


def steer(engine: Engine, _request: dict[str, Any]) -> None:
    """An engine that was taken over and tries its luck with the gateway and the client."""
    engine.send(
        200,
        {"served_by": NAME},
        X_Accel_Redirect="/status",
        Set_Cookie="track=1",
        X_Request_Id="mine",
        X_Homeport_Pool="mine",
    )


def hang(_engine: Engine, _request: dict[str, Any]) -> None:
    """Says nothing; the gateway's time-out comes first."""
    time.sleep(HANG_SECONDS)


def crash(engine: Engine, _request: dict[str, Any]) -> None:
    """Closes the connection without a word."""
    engine.close_connection = True


def break_off(engine: Engine, _request: dict[str, Any]) -> None:
    """Dies in the middle of a stream."""
    start_stream(engine)
    send_event(engine, "data: 0\n\n")
    engine.close_connection = True


def refuse(status: int) -> Callable[[Engine, dict[str, Any]], None]:
    """An engine's own error document."""
    error = {"error": {"message": "the engine's own words", "code": status}}
    return lambda engine, _request: engine.send(status, error, Retry_After="7")


MODES: dict[str, Callable[[Engine, dict[str, Any]], None]] = {
    "answers": answer,
    "steers": steer,
    "hangs": hang,
    "holds": hold,
    "crashes": crash,
    "breaks off": break_off,
    **{f"says {status}": refuse(status) for status in (400, 401, 404, 422, 429, 500, 503)},
}


if __name__ == "__main__":
    control = ThreadingHTTPServer(("0.0.0.0", 8090), Control)  # noqa: S104 - in a container
    threading.Thread(target=control.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", 8080), Engine).serve_forever()  # noqa: S104
