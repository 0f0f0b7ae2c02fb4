"""One line of a batch file: a request that the gateway can take, or every reason why not."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, ValidationError

from deploys.batch.json_text import parsed, read_object, written
from deploys.batch.offer import Offer
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of, near_miss
from deploys.settings.words import Frozen

EXAMPLE = (
    '{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", '
    '"body": {"model": "chat", "messages": […]}}'
)


class Line(Frozen):
    """The format of OpenAI's batch input."""

    custom_id: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """The user's own, by which the answer is found again: once in a file."""
    method: Literal["POST"]
    url: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What is sent for one line."""

    number: int
    custom_id: str
    path: str
    """Where the gateway takes it."""
    model: str
    """The pool's public name, also where the line says an alias."""
    body: bytes


def read_line(text: bytes, number: int, file: str, offer: Offer) -> Request:
    """The request of one line; raises Refused with every complaint about it."""
    where = f"line {number}"
    document = read_object(text, number, file, EXAMPLE)
    try:
        line = Line.model_validate(document)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Line, where)) from None
    return _request(line, number, file, offer)


def custom_id_of(text: bytes) -> str | None:
    """What a line that cannot be sent calls itself; None where it does not say."""
    try:
        document = parsed(text)
        custom_id = document.get("custom_id") if isinstance(document, dict) else None
        # Half a surrogate pair fits into no file and no database.
        return custom_id.encode().decode() if isinstance(custom_id, str) else None
    except ValueError:
        return None


def _request(line: Line, number: int, file: str, offer: Offer) -> Request:
    where, complaints = f"line {number}", []

    def complain(path: str, found: str, hint: str) -> None:
        complaints.append(Complaint(file, f"{where}.{path}", found, hint))

    model = line.body.get("model")
    if line.url not in offer.models:
        complain("url", f"no pool answers on {line.url!r}", near_miss(line.url, offer.models))
    elif not isinstance(model, str):
        complain("body.model", "names no model, as a string", near_miss("", offer.models[line.url]))
    elif model not in offer.models[line.url]:
        found = f"no pool serves {model!r} on {line.url}"
        complain("body.model", found, _other_path(model, line.url, offer))
    if line.body.get("stream"):
        complain("body.stream", "asks for a stream", "leave it out: a file holds whole answers")
    body = written(line.body)
    if len(body) > offer.body_limit_bytes:
        complain("body", *too_large(len(body), offer.body_limit_bytes))
    if complaints:
        raise Refused(complaints)
    public = offer.models[line.url][str(model)]
    path = offer.prefixes.get(public, "") + line.url
    return Request(number, line.custom_id, path, public, body)


def too_large(size_bytes: int, limit_bytes: int) -> tuple[str, str]:
    """What is said, and hinted, of a body that the gateway would not take."""
    found = f"has {size_bytes:,} bytes, the gateway takes {limit_bytes:,}"
    return found, "smaller images, or a larger gateway.body_limit_mib"


def _other_path(model: str, url: str, offer: Offer) -> str:
    elsewhere = sorted(path for path, models in offer.models.items() if model in models)
    if elsewhere:
        return f"it answers on {', '.join(elsewhere)}"
    return near_miss(model, offer.models[url])
