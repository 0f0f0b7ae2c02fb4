"""Brings a model's file to this machine: generated, already here, or downloaded.

A download goes into NAME.part and goes on where it was cut off, as long as the server vouches for
its still being the same file (ETag or Last-Modified).
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from deploys.catalogue.model import FileName
from deploys.settings.refusal import Complaint, Refused

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes of the whole, if known."""

GENERATED_TINY = "generated:tiny"
TINY_NAME = "tiny-random.gguf"

ATTEMPTS = 5
PAUSE_SECONDS = 2.0
# A hub that first fetches the file from its own store; silence after that is a broken connection.
SILENCE_SECONDS = 60
KINDS = "generated:tiny, a path, or an http(s) URL"


def file_name(source: str) -> str:
    """The name of the file behind `source`; raises Refused when it cannot be a file's name."""
    if source == GENERATED_TINY:
        return TINY_NAME
    try:
        path = source.removeprefix("file:") if _is_local(source) else unquote(urlsplit(source).path)
    except ValueError as error:
        raise _refused(source, f"is no URL: {error}", KINDS) from None
    name = path.rpartition("/")[2]
    try:
        return TypeAdapter(FileName).validate_python(name)
    except ValidationError:
        found = f"ends in {name!r}, which is no name for a file here"
        hint = "letters, digits, dots, dashes and underscores: rename the file"
        raise _refused(source, found, hint) from None


def obtain(source: str, into: Path, progress: Progress) -> Path:
    """The whole file behind `source` on this machine; raises Refused.

    Generated and downloaded files lie in `into`; `file:` is left where it is.
    """
    if _is_local(source):
        path = Path(source.removeprefix("file:"))
        if not path.is_file():
            raise _refused(source, "is no file on this machine", "name a file that is here")
        return path
    target = into / file_name(source)
    into.mkdir(parents=True, exist_ok=True)
    if source == GENERATED_TINY:
        # With numpy, which no other source needs.
        from deploys.catalogue.tiny import write_tiny  # noqa: PLC0415

        return write_tiny(target)
    if not source.startswith(("http://", "https://")):
        raise _refused(source, "is no source of a model", KINDS)
    return _download(source, target, progress)


def _is_local(source: str) -> bool:
    return source.startswith("file:/")


def _download(url: str, target: Path, progress: Progress) -> Path:
    part = target.with_name(f"{target.name}.part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _go_on(url, part, progress)
            break
        except httpx.InvalidURL as error:
            raise _refused(url, f"is no URL: {error}", KINDS) from None
        except httpx.HTTPError as error:
            if attempt == ATTEMPTS or not _may_pass(error, part):
                raise _given_up(url, error, part) from None
            time.sleep(PAUSE_SECONDS * attempt)
        except OSError as error:
            hint = "make room there; the same command goes on where it stopped"
            found = f"cannot be written to {part}: {error.strerror}"
            raise _refused(url, found, hint) from None
    _validator_of(part).unlink(missing_ok=True)
    return part.replace(target)


def _go_on(url: str, part: Path, progress: Progress) -> None:
    headers = {"Accept-Encoding": "identity", **_resume_headers(part)}
    with (
        httpx.Client(follow_redirects=True, timeout=SILENCE_SECONDS) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            # Nothing is left to send, or the file shrank: the next attempt starts over.
            part.unlink(missing_ok=True)
        answer.raise_for_status()
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        here = part.stat().st_size if resumed else 0
        length = answer.headers.get("Content-Length")
        total = here + int(length) if length else None
        _need_space(url, part, (total or here) - here)
        _remember_validator(part, answer)
        with part.open("ab" if resumed else "wb") as file:
            # As they come: a chunk of a given size would be lost when the connection breaks.
            for chunk in answer.iter_raw():
                here += file.write(chunk)
                progress(here, total)


def _resume_headers(part: Path) -> dict[str, str]:
    validator = _validator_of(part)
    if not part.is_file() or not validator.is_file() or not part.stat().st_size:
        return {}
    return {"Range": f"bytes={part.stat().st_size}-", "If-Range": validator.read_text()}


def _remember_validator(part: Path, answer: httpx.Response) -> None:
    etag = answer.headers.get("ETag", "")
    # A weak ETag promises the same meaning, not the same bytes.
    strong = "" if etag.startswith("W/") else etag
    validator = strong or answer.headers.get("Last-Modified", "")
    if validator:
        _validator_of(part).write_text(validator)
    else:
        _validator_of(part).unlink(missing_ok=True)


def _validator_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _need_space(url: str, part: Path, needed: int) -> None:
    available = shutil.disk_usage(part.parent).free
    if needed > available:
        found = f"needs {needed >> 20} MiB below {part.parent}, and {available >> 20} MiB are free"
        raise _refused(url, found, "make room there")


def _may_pass(error: httpx.HTTPError, part: Path) -> bool:
    """Whether trying again may help: broken connections, busy servers, a range that is gone."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 416, 429) or error.response.is_server_error
    if isinstance(error, httpx.ConnectError):
        # A server that never answered is more likely mistyped than busy.
        return part.is_file()
    return not isinstance(error, httpx.UnsupportedProtocol | httpx.TooManyRedirects)


def _given_up(url: str, error: httpx.HTTPError, part: Path) -> Refused:
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        return _refused(
            url,
            f"the server says {status} {error.response.reason_phrase}",
            "download it with a browser that is logged in, then give the path"
            if status in (401, 403)
            else "check the address",
        )
    found = f"cannot be downloaded: {error or type(error).__name__}"
    hint = "the same command goes on where it stopped" if part.is_file() else "check the address"
    return _refused(url, found, hint)


def _refused(source: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(source, "", found, hint)])
