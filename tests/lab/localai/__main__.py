"""A test double of LocalAI 4.9.0: its variables, its model files, its paths and answers.

LocalAI itself cannot be had here. The double reads more strictly (model_file.py), so that a file or
a variable that LocalAI would drop ends it instead. Its backend is the real llama-server where its
image holds one, started with what LocalAI's own backend makes of a model file (params_parse of
backend/cpp/llama-cpp/grpc-server.cpp); in tests on loopback it is any program of those arguments.

As the source of LocalAI has it: a backend is a folder with a run.sh below
LOCALAI_BACKENDS_SYSTEM_PATH; LOCALAI_LOAD_TO_MEMORY is loaded before anything is answered, and not
at all with LOCALAI_MAX_ACTIVE_BACKENDS=1; /readyz and /healthz are open; answers carry the name
that was asked for; an unknown one gets 404; /metrics has a histogram `api_call`.
"""

import http.client
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import yaml

from .backend import Backend, load, variable
from .model_file import Broken, read

VERSION = "4.9.0"
# The list of what this version reads, deploys/engine_facts/localai/4.9.0.yaml.
FACTS: dict[str, Any] = yaml.safe_load(Path(os.environ["DOUBLE_FACTS"]).read_text())
SERVED = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank"}
CALLS = dict.fromkeys(sorted(SERVED), 0)


def checked_environment() -> None:
    """Ends with the first variable that nothing reads."""
    for name in os.environ:
        if name.startswith("LOCALAI_") and name not in FACTS["environment"]:
            sys.exit(f"error: {name} is read by nothing")
    if sys.argv[1:] != ["run"]:
        sys.exit(f"error: unexpected arguments {sys.argv[1:]}")


def models() -> dict[str, dict[str, Any]]:
    """Name -> model, of every file in the folder of models; ends with the first that is wrong."""
    folder = Path(variable("MODELS_PATH"))
    try:
        found = [read(path, FACTS) for path in sorted(folder.glob("*.yaml"))]
    except Broken as broken:
        sys.exit(f"error: {broken}")
    by_name = {one["name"]: one for one in found}
    for one in found:
        if "alias" in one and "backend" not in by_name.get(one["alias"], {}):
            sys.exit(f"error: alias {one['name']} points to unknown model {one['alias']}")
    return by_name


class Front(BaseHTTPRequestHandler):
    """LocalAI's own paths."""

    protocol_version = "HTTP/1.1"
    known: ClassVar[dict[str, dict[str, Any]]] = {}

    def do_GET(self) -> None:
        """Health, metrics, the models; pages are off."""
        if self.path in ("/readyz", "/healthz"):
            self.whole(200, b"OK", "text/plain")
        elif self.path == "/metrics":
            rows = [f'api_call_count{{path="{path}"}} {count}\n' for path, count in CALLS.items()]
            self.whole(200, "".join(["# TYPE api_call histogram\n", *rows]).encode(), "text/plain")
        elif self.path == "/v1/models":
            data = [{"id": name, "object": "model"} for name in sorted(self.known)]
            self.json(200, {"object": "list", "data": data})
        elif self.path == "/" and variable("DISABLE_WEBUI") != "true":
            self.whole(200, b"<html>LocalAI</html>", "text/html")
        else:
            self.error(404, "Resource not found")

    def do_POST(self) -> None:
        """An answer of the backend under the name that was asked for."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path not in SERVED:
            self.error(404, "Resource not found")
            return
        CALLS[self.path] += 1
        asked = str(body.get("model", ""))
        model = self.known.get(asked)
        if model is None:
            self.error(404, f"model {asked} not found")
            return
        model = self.known.get(model.get("alias", ""), model)
        failed = load(model)
        if failed and body.get("stream"):
            # Seen in issue 7899: the stream has begun with 200 when the load fails.
            self.whole(
                200, f"data: {json.dumps(_error(500, failed))}\n\n".encode(), "text/event-stream"
            )
        elif failed:
            self.error(500, failed)
        else:
            self.forward(asked, {**body, "model": model["name"]})

    def forward(self, asked: str, body: dict[str, Any]) -> None:
        """What the backend answers, whole or as it comes."""
        connection = http.client.HTTPConnection("127.0.0.1", Backend.port, timeout=600)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        connection.request("POST", self.path, json.dumps(body), headers)
        answer = connection.getresponse()
        if not body.get("stream"):
            document = json.loads(answer.read())
            self.json(answer.status, {**document, "model": asked})
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while piece := answer.read1(65536):
            self.wfile.write(piece)

    def error(self, status: int, message: str) -> None:
        """As LocalAI says it."""
        self.json(status, _error(status, message))

    def json(self, status: int, document: object) -> None:
        """One document."""
        self.whole(status, json.dumps(document).encode(), "application/json")

    def whole(self, status: int, content: bytes, kind: str) -> None:
        """One answer with its length."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """One line for each, as LocalAI."""
        print(f'INFO  HTTP request method="{self.command}" path="{self.path}"', flush=True)


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "type": ""}}


def main() -> None:
    """Reads, loads, and then answers."""
    checked_environment()
    print(f'INFO  LocalAI version version="v{VERSION} (a double)"', flush=True)
    Front.known = models()
    if variable("MAX_ACTIVE_BACKENDS") != "1":
        for name in filter(None, variable("LOAD_TO_MEMORY").split(",")):
            if name not in Front.known:
                sys.exit(f"error: no model {name} to load")
            if failed := load(Front.known[name]):
                sys.exit(f"error: {failed}")
    host, _, port = variable("ADDRESS", ":8080").rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Front)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve_forever()
    finally:
        if Backend.process is not None:
            Backend.process.terminate()
            Backend.process.wait(30)


if __name__ == "__main__":
    main()
