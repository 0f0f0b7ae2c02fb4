"""A hub on 127.0.0.1 that answers what huggingface_hub's own client asks, and fails as hubs do.

The paths and headers are those of huggingface_hub 2.4 (hf_api.py, file_download.py): repositories
below /api/models, files below resolve, large ones (LFS) redirected to a store on another origin.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
LFS_BYTES = 2000
"""From this size on a file lies in the store."""


@dataclass
class Repository:
    """What a hub knows of one model."""

    files: dict[str, bytes]
    card: dict[str, Any] = field(default_factory=dict)
    task: str | None = None
    commit: str = COMMIT
    branches: tuple[str, ...] = ("main",)
    gated: bool = False
    token: str = ""
    """Who does not show it is told that there is nothing."""


@dataclass
class FakeHub:
    """What it holds, how it fails, and what it was asked."""

    repositories: dict[str, Repository]
    url: str = ""
    store_url: str = ""
    ranges: bool = True
    status: int | None = None
    """Says this and nothing else."""
    nonsense: bool = False
    """Answers as no hub does."""
    asked: list[str] = field(default_factory=list)
    """METHOD PATH of each request to the hub."""
    stored_bytes: int = 0
    """Sent by the store."""
    store_saw: list[str] = field(default_factory=list)
    """Authorization headers that reached the store."""


@contextmanager
def fake_hub(repositories: dict[str, Repository], **words: Any) -> Iterator[FakeHub]:  # noqa: ANN401
    """Serves until the block ends; `words` are the fields of FakeHub."""
    hub = FakeHub(repositories, **words)
    with (
        _serving(lambda handler: _answer(handler, hub)) as url,
        _serving(lambda handler: _store(handler, hub)) as store_url,
    ):
        hub.url, hub.store_url = url, store_url
        yield hub


@contextmanager
def _serving(answer: Any) -> Iterator[str]:  # noqa: ANN401 - a function of the handler
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and bodies are two writes, the second of which would wait for an answer.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            answer(self)

        def do_HEAD(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent: tests look at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, hub: FakeHub) -> None:
    path = unquote(urlsplit(handler.path).path)
    hub.asked.append(f"{handler.command} {path}")
    if hub.status is not None:
        _send(handler, hub.status, b"")
        return
    if hub.nonsense:
        _send(handler, 200, b"<html>welcome</html>")
        return
    api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path)
    file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
    found = api or file
    repository = hub.repositories.get(found[1]) if found else None
    shown = handler.headers.get("Authorization", "")
    if found is None or repository is None or _hidden(repository, shown):
        _send(handler, 401, b"", {"X-Error-Code": "RepoNotFound"})
    elif found[2] not in (None, repository.commit, *repository.branches):
        _send(handler, 404, b"", {"X-Error-Code": "RevisionNotFound"})
    elif api:
        _send(handler, 200, json.dumps(_described(found[1], repository)).encode())
    elif repository.gated:
        _send(handler, 403, b"", {"X-Error-Code": "GatedRepo"})
    else:
        _file(handler, hub, repository, found[3])


def _hidden(repository: Repository, shown: str) -> bool:
    return bool(repository.token) and shown != f"Bearer {repository.token}"


def _described(name: str, repository: Repository) -> dict[str, Any]:
    siblings = []
    for file, content in repository.files.items():
        entry: dict[str, Any] = {"rfilename": file, "size": len(content), "blobId": "0" * 40}
        if len(content) >= LFS_BYTES:
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
        siblings.append(entry)
    return {
        "id": name,
        "sha": repository.commit,
        "siblings": siblings,
        "cardData": repository.card,
        "pipeline_tag": repository.task,
        "tags": [],
        "private": bool(repository.token),
        "gated": "manual" if repository.gated else False,
    }


def _file(handler: BaseHTTPRequestHandler, hub: FakeHub, repository: Repository, name: str) -> None:
    headers = {"X-Repo-Commit": repository.commit}
    if name not in repository.files:
        _send(handler, 404, b"", {**headers, "X-Error-Code": "EntryNotFound"})
        return
    content = repository.files[name]
    digest = hashlib.sha256(content).hexdigest()
    if len(content) >= LFS_BYTES:
        linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        _send(handler, 302, b"", {**headers, **linked, "Location": f"{hub.store_url}/{digest}"})
    else:
        _content(handler, content, {**headers, "ETag": f'"{digest[:40]}"'}, ranges=hub.ranges)


def _store(handler: BaseHTTPRequestHandler, hub: FakeHub) -> None:
    shown = handler.headers.get("Authorization")
    if shown:
        hub.store_saw.append(shown)
    for repository in hub.repositories.values():
        for content in repository.files.values():
            if handler.path == f"/{hashlib.sha256(content).hexdigest()}":
                hub.stored_bytes += _content(handler, content, {}, ranges=hub.ranges)
                return
    _send(handler, 404, b"")


def _content(
    handler: BaseHTTPRequestHandler, content: bytes, headers: dict[str, str], *, ranges: bool
) -> int:
    """Returns how many bytes were sent."""
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    if wanted is None or not ranges:
        return _send(handler, 200, content, headers)
    start = int(wanted[1])
    end = min(int(wanted[2] or len(content) - 1), len(content) - 1)
    place = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
    return _send(handler, 206, content[start : end + 1], {**headers, **place})


def _send(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: dict[str, str] | None = None,
) -> int:
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with suppress(OSError):  # where the client had enough
        return handler.wfile.write(b"" if handler.command == "HEAD" else body)
    return 0
