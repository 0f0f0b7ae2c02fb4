"""An engine for the gateway's tests, run as a script in a container of its own.

Port 8080 answers as an OpenAI-compatible engine does, in the way that was last asked for on port
8090: POST /mode with one of the words in MODES. GET /seen there lists what reached port 8080.
"""

import itertools
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = 8
EVENT_SECONDS = 0.1
# Longer than the gateway's time-out in its lab, shorter than that of a pool that has its own.
THINK_SECONDS = 2.5
# Half of that, in which another replica may be asked, and somewhat more.
LATE_SECONDS = 1.5
# A hung engine, longer than any time-out of the tests.
HANG_SECONDS = 20
# For how long a connection may be idle, from and to; the others do as llama-server and vLLM.
IDLE_SECONDS = {"idles briefly": (0.001, 0.05), "idles patiently": (600.0, 600.0)}

NAME = sys.argv[1] if len(sys.argv) > 1 else "engine"
seen: list[dict[str, Any]] = []
state = {"mode": "answers"}
answers = itertools.count(1)


class Engine(BaseHTTPRequestHandler):
    """Port 8080."""

    protocol_version = "HTTP/1.1"
    # As llama-server and vLLM: an idle connection is closed after 5 s.
    timeout = 5
    # As they do; else an answer's second piece waits for 40 ms on a connection that is kept.
    disable_nagle_algorithm = True
    # On this connection, so far.
    answers = 0

    def do_POST(self) -> None:
        """Takes the whole body, as engines do, then behaves as it was told."""
        if self.answers and state["mode"] == "was closing":
            # The connection's idle time was over just before the request came.
            self.close_connection = True
            return
        self.connection.settimeout(self.timeout)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        record = {"path": self.path, "bytes": len(body), "headers": self.headers.items()}
        record |= {"mode": state["mode"], "port": self.client_address[1]}
        seen.append(record)
        try:
            MODES[state["mode"]](self, json.loads(body.decode(errors="replace")))
        except OSError:
            record["aborted"] = True
            self.close_connection = True
        own = (self.timeout, self.timeout)
        self.connection.settimeout(random.uniform(*IDLE_SECONDS.get(state["mode"], own)))

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""

    def send(self, status: int, document: object, **headers: str) -> None:
        """One whole answer."""
        self.answers += 1
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
        document = {"served_by": NAME, "usage": usage(request)}
        engine.send(200, document, Content_Type="application/json")
        return
    start_stream(engine)
    send_events(engine, EVENT_SECONDS)
    if request.get("stream_options", {}).get("include_usage"):
        send_event(engine, f"data: {json.dumps({'usage': usage(request)})}\n\n")
    send_event(engine, "")


def talk(engine: Engine, _request: dict[str, Any]) -> None:
    """A stream that takes two seconds and is never silent for long."""
    start_stream(engine)
    send_events(engine, 2 / EVENTS)
    send_event(engine, "")


def hold(engine: Engine, request: dict[str, Any]) -> None:
    """A stream that goes on until its client has enough or MODES change; whole answers end."""
    if not request.get("stream"):
        answer(engine, request)
        return
    start_stream(engine)
    while state["mode"] == "holds":
        send_event(engine, "data: 0\n\n")
        time.sleep(EVENT_SECONDS)
    send_event(engine, "")


def usage(request: dict[str, Any]) -> dict[str, Any]:
    """As many tokens as were asked for, and some that were in a cache."""
    total = request.get("max_tokens", 8)
    return {"total_tokens": total, "prompt_tokens_details": {"cached_tokens": 1}}


def start_stream(engine: Engine) -> None:
    """Headers of a stream whose length nobody knows."""
    engine.send_response(200)
    engine.send_header("Content-Type", "text/event-stream")
    engine.send_header("Transfer-Encoding", "chunked")
    engine.end_headers()


def send_events(engine: Engine, pause_seconds: float) -> None:
    """All but the end of a stream."""
    for number in range(EVENTS):
        send_event(engine, f"data: {number}\n\n")
        time.sleep(pause_seconds)


def send_event(engine: Engine, text: str) -> None:
    """One chunk; the empty one ends the stream."""
    engine.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())


def steer(engine: Engine, _request: dict[str, Any]) -> None:
    """An engine that was taken over and tries its luck with the gateway and the client."""
    mine = {"X_Request_Id": "mine", "X_Homeport_Pool": "mine"}
    engine.send(200, {"served_by": NAME}, X_Accel_Redirect="/status", Set_Cookie="track=1", **mine)


def hang(_engine: Engine, _request: dict[str, Any]) -> None:
    """Says nothing; the gateway's time-out comes first."""
    time.sleep(HANG_SECONDS)


def wait_for_the_end(engine: Engine, _request: dict[str, Any]) -> None:
    """Generates until whoever asked hangs up; tells of that, and of nothing else."""
    engine.connection.settimeout(HANG_SECONDS)
    if not engine.connection.recv(1):
        raise ConnectionAbortedError
    engine.close_connection = True


def think(engine: Engine, request: dict[str, Any]) -> None:
    """Silent until its answer is there."""
    time.sleep(THINK_SECONDS)
    answer(engine, request)


def crash(engine: Engine, _request: dict[str, Any]) -> None:
    """Closes the connection without a word."""
    engine.close_connection = True


def die_late(engine: Engine, _request: dict[str, Any]) -> None:
    """Closes the connection without a word when it may have generated much."""
    time.sleep(LATE_SECONDS)
    engine.close_connection = True


def break_off(engine: Engine, _request: dict[str, Any]) -> None:
    """Dies in the middle of a stream."""
    start_stream(engine)
    send_event(engine, "data: 0\n\n")
    engine.close_connection = True


def refuse(status: int, **headers: str) -> Callable[[Engine, dict[str, Any]], None]:
    """An engine's own error document."""
    error = {"error": {"message": "the engine's own words", "code": status}}
    return lambda engine, _request: engine.send(status, error, **headers)


def fail_one_in_20(engine: Engine, request: dict[str, Any]) -> None:
    """An error instead of every twentieth answer."""
    (answer if next(answers) % 20 else refuse(500))(engine, request)


MODES: dict[str, Callable[[Engine, dict[str, Any]], None]] = {
    **dict.fromkeys(("answers", "was closing", *IDLE_SECONDS), answer),
    "steers": steer,
    "hangs": hang,
    "thinks": think,
    "generates": wait_for_the_end,
    "talks": talk,
    "holds": hold,
    # Without a word on for how long.
    "is full": refuse(503),
    "crashes": crash,
    "dies late": die_late,
    "breaks off": break_off,
    "fails one in 20": fail_one_in_20,
    **{f"says {one}": refuse(one, Retry_After="7") for one in (400, 401, 404, 422, 429, 500, 503)},
}


if __name__ == "__main__":
    control = ThreadingHTTPServer(("0.0.0.0", 8090), Control)  # noqa: S104 - in a container
    threading.Thread(target=control.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", 8080), Engine).serve_forever()  # noqa: S104
