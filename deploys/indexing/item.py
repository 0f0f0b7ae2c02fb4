"""One line of what is indexed: a text with a name, or every reason why it is none."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from deploys.batch.json_text import read_object, written
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen

EXAMPLE = '{"id": "page-1", "text": "…", "metadata": {"title": "…"}}'


class Line(Frozen):
    """The format of a file of texts."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """By which a search finds it, and a later run changes it: once in a file."""
    text: Annotated[str, StringConstraints(min_length=1)]
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Kept beside it as it is, for applications to filter by."""


@dataclass(frozen=True)
class Item:
    """One text to be indexed."""

    number: int
    custom_id: str
    text: str
    metadata: str
    """JSON."""
    mark: bytes
    """sha256 of text and metadata: what is in the collection with the same one is finished."""


def read_item(text: bytes, number: int, file: str) -> Item:
    """The text of one line; raises Refused with every complaint about it."""
    where = f"line {number}"
    document = read_object(text, number, file, EXAMPLE)
    if {"image", "images", "image_url"} & document.keys():
        hint = f"texts alone: pools give vectors of texts; one line: {EXAMPLE}"
        raise Refused([Complaint(file, where, "holds an image", hint)])
    try:
        line = Line.model_validate(document)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Line, where)) from None
    return _item(line, number, file)


def _item(line: Line, number: int, file: str) -> Item:
    complaints = [
        Complaint(file, f"line {number}.{path}", found, hint) for path, found, hint in _unfit(line)
    ]
    if complaints:
        raise Refused(complaints)
    metadata = written(line.metadata)
    digest = hashlib.sha256(line.text.encode() + b"\0" + metadata).digest()
    return Item(number, line.id, line.text, metadata.decode(), digest)


def _unfit(line: Line) -> list[tuple[str, str, str]]:
    """(path, found, hint) of what PostgreSQL's text and jsonb do not hold."""
    found = []
    for path in ("id", "text", "metadata"):
        words = "".join(_words(getattr(line, path)))
        if "\0" in words:
            found.append((path, "holds the character U+0000", "no text has it"))
        if any("\ud800" <= letter <= "\udfff" for letter in words):
            found.append((path, "holds half of a surrogate pair", "text as UTF-8 has it"))
    if not line.text.strip():
        found.append(("text", "is blank", "a text of which there is something to find"))
    return found


def _words(document: object) -> Iterator[str]:
    """Every string of a JSON document, names too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from _words(value)
    elif isinstance(document, list):
        for value in document:
            yield from _words(value)
