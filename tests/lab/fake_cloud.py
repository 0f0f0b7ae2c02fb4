"""A cloud provider for tests, a script: `fake_cloud.py CERTIFICATE KEY_FILE NAMES API_KEY MODEL`.

Port 443 speaks TLS and the OpenAI API under /openai/v1. It wants one of its NAMES (`a.test,b.test`)
as SNI, the first as Host, its own API key and its own MODEL, and behaves in the way that was last
asked for on port 8090: POST /mode with one of the words in MODES. GET /seen there lists all that
has reached it, GET /hellos the names that TLS clients asked for, those included that were turned
away.
"""

import json
import ssl
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = 6
EVENT_SECONDS = 0.1
SLOW_SECONDS = 1.5
PATHS = ("/openai/v1/chat/completions", "/openai/v1/completions")
# What one answer costs, as the provider counts it.
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

seen: list[dict[str, Any]] = []
hellos: list[str] = []
state = {"mode": "answers"}
own: dict[str, str] = {}


class Provider(BaseHTTPRequestHandler):
    """Port 443."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Takes the whole body, judges it as a provider does, then behaves as it was told."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        record: dict[str, Any] = {
            "path": self.path,
            "headers": self.headers.items(),
            "body": body.decode(),
        }
        seen.append(record)
        try:
            request = json.loads(body)
            refusal = self.refusal(request)
            if refusal:
                self.send(refusal, {"error": {"message": "the provider's own words"}})
            else:
                MODES[state["mode"]](self, request)
        except OSError:
            record["aborted"] = True
            self.close_connection = True

    def refusal(self, request: dict[str, Any]) -> int:
        """The status of an error, 0 for a request that is right."""
        if self.headers["Authorization"] != f"Bearer {own['key']}":
            return 401
        if self.path not in PATHS or request.get("model") != own["model"]:
            return 404
        return 421 if self.headers["Host"] != own["names"].split(",")[0] else 0

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""

    def send(self, status: int, document: object) -> None:
        """One whole answer."""
        text = json.dumps(document).encode()
        self.send_response(status)
        for name, value in PROVIDER_HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


PROVIDER_HEADERS = {
    "Content-Type": "application/json",
    "Set-Cookie": "track=1",
    "OpenAI-Organization": "account-1",
    "X-Homeport-Provider": "mine",
}


class Control(BaseHTTPRequestHandler):
    """Port 8090."""

    def do_GET(self) -> None:
        """What has reached the provider."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(hellos if self.path == "/hellos" else seen).encode())

    def do_POST(self) -> None:
        """Another way to behave; forgets what was seen."""
        state["mode"] = self.rfile.read(int(self.headers["Content-Length"])).decode()
        seen.clear()
        hellos.clear()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


def answer(provider: Provider, request: dict[str, Any]) -> None:
    """A whole answer with its usage, or a stream, which has one only when it is asked for."""
    if not request.get("stream"):
        provider.send(200, {"served_by": "cloud", "model": own["model"], "usage": USAGE})
        return
    provider.send_response(200)
    provider.send_header("Content-Type", "text/event-stream")
    provider.send_header("Transfer-Encoding", "chunked")
    provider.end_headers()
    for number in range(EVENTS):
        send_event(provider, {"served_by": "cloud", "number": number, "usage": None})
        time.sleep(EVENT_SECONDS)
        if state["mode"] == "dies":
            provider.close_connection = True
            return
    if (request.get("stream_options") or {}).get("include_usage"):
        send_event(provider, {"choices": [], "usage": USAGE})
    provider.wfile.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def send_event(provider: Provider, document: object) -> None:
    """One event, in a chunk of its own."""
    text = f"data: {json.dumps(document)}\n\n"
    provider.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())


def slow(provider: Provider, request: dict[str, Any]) -> None:
    """Thinks before it answers."""
    time.sleep(SLOW_SECONDS)
    answer(provider, request)


def hang(provider: Provider, _request: dict[str, Any]) -> None:
    """Says nothing, longer than any time-out of the tests."""
    time.sleep(20)
    provider.close_connection = True


def crash(provider: Provider, _request: dict[str, Any]) -> None:
    """Closes the connection without a word."""
    provider.close_connection = True


def refuse(status: int) -> Callable[[Provider, dict[str, Any]], None]:
    """The provider's own error document."""
    error = {"error": {"message": "the provider's own words", "code": status}}
    return lambda provider, _request: provider.send(status, error)


MODES: dict[str, Callable[[Provider, dict[str, Any]], None]] = {
    "answers": answer,
    "dies": answer,
    "slow": slow,
    "hangs": hang,
    "crashes": crash,
    **{f"says {status}": refuse(status) for status in (400, 401, 429, 500, 503)},
}


def only_for_us(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
    """Turns away who asks for another name, or for none."""
    hellos.append(name or "")
    return None if name in own["names"].split(",") else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


if __name__ == "__main__":
    certificate, key_file, own["names"], own["key"], own["model"] = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key_file)
    context.sni_callback = only_for_us
    control = ThreadingHTTPServer(("0.0.0.0", 8090), Control)  # noqa: S104 - in a container
    threading.Thread(target=control.serve_forever, daemon=True).start()
    server = ThreadingHTTPServer(("0.0.0.0", 443), Provider)  # noqa: S104 - in a container
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.serve_forever()
