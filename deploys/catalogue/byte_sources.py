"""The first bytes of a file, wherever it lies: on this machine, or behind HTTP range requests."""

import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx

from deploys.settings.refusal import Complaint, Refused

# A hub that first fetches the file from its own store.
SILENCE_SECONDS = 60
# Enough to tell what a file is, and how long a safetensors header is.
FEW_BYTES = 64
Bytes = mmap.mmap | bytes


@dataclass(frozen=True)
class ByteSource:
    """A file whose beginning can be read."""

    name: str
    """As it is named in a refusal."""
    size_bytes: int
    """Of the whole file."""
    head: Callable[[int], AbstractContextManager[Bytes]]
    """Opens at least so many first bytes, or all there are; raises Refused."""


@dataclass
class Remote:
    """A file behind HTTP, and what was read of it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    here: bytes = b""
    size_bytes: int = 0


def local_source(path: Path) -> ByteSource:
    """A file on this machine, mapped rather than read; raises Refused."""
    try:
        if not path.is_file():
            found = "Is a directory" if path.is_dir() else "No such file"
            raise _refused(str(path), f"cannot be read: {found}", "name a readable file")
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from None

    @contextmanager
    def head(length: int) -> Iterator[Bytes]:
        try:
            with path.open("rb") as file:
                if not size:
                    yield b""
                    return
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    yield data
        except OSError as error:
            raise _unreadable(path, error) from None

    return ByteSource(str(path), size, head)


def remote_source(url: str, headers: Mapping[str, str] | None = None) -> ByteSource:
    """A file behind a server that knows range requests; asks for a few bytes; raises Refused.

    `headers` may carry a token: httpx sends it to no other host that it is redirected to.
    """
    remote = Remote(url, headers or {})
    _fetch(remote, FEW_BYTES)

    @contextmanager
    def head(length: int) -> Iterator[Bytes]:
        if len(remote.here) < min(length, remote.size_bytes):
            _fetch(remote, length)
        yield remote.here

    return ByteSource(url, remote.size_bytes, head)


@cache
def _client() -> httpx.Client:
    """One for all: a model has up to hundreds of files, and each client reads all certificates."""
    return httpx.Client(follow_redirects=True, timeout=SILENCE_SECONDS)


def _fetch(remote: Remote, length: int) -> None:
    headers = {**remote.headers, "Accept-Encoding": "identity", "Range": f"bytes=0-{length - 1}"}
    try:
        with _client().stream("GET", remote.url, headers=headers) as answer:
            answer.raise_for_status()
            remote.size_bytes = _whole_size(remote.url, answer)
            remote.here = _bounded(answer, min(length, remote.size_bytes))
        if len(remote.here) < min(length, remote.size_bytes):
            found = f"the server sent {len(remote.here)} of {length} bytes"
            raise _refused(remote.url, found, "try again; or download the file, then give the path")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unanswered(remote.url, error) from None


def _whole_size(url: str, answer: httpx.Response) -> int:
    """From `Content-Range: bytes 0-0/SIZE`; a server without ranges would send everything."""
    found = re.fullmatch(r"bytes 0-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if answer.status_code != httpx.codes.PARTIAL_CONTENT or not found:
        hint = "leave --sha256 out: the file is downloaded then; or give a path"
        raise _refused(url, "the server sends no parts of files (no range requests)", hint)
    return int(found[1])


def _bounded(answer: httpx.Response, length: int) -> bytes:
    """No more than was asked for, whatever is sent."""
    pieces = bytearray()
    for piece in answer.iter_raw():
        pieces += piece
        if len(pieces) >= length:
            break
    return bytes(pieces[:length])


def _unanswered(url: str, error: Exception) -> Refused:
    if isinstance(error, httpx.HTTPStatusError):
        answer = error.response
        hint = "check the address"
        if answer.status_code in (401, 403):
            hint = "it wants a login: download the file with one, then give the path"
        return _refused(url, f"the server says {answer.status_code} {answer.reason_phrase}", hint)
    found = f"cannot be read: {error or type(error).__name__}"
    return _refused(url, found, "check the address and the network")


def _unreadable(path: Path, error: OSError) -> Refused:
    return _refused(str(path), f"cannot be read: {error.strerror}", "name a readable file")


def _refused(file: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(file, "", found, hint)])
