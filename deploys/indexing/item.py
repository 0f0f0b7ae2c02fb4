"""One line of what is indexed: a text or an image with a name, or every reason why it is none."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from deploys.batch.json_text import read_object, written
from deploys.indexing.images import Sight, digest, image_complaints
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen

# In the metadata of what is one.
IMAGE = "image"
EXAMPLE = '{"id": "page-1", "text": "…", "metadata": {"title": "…"}}'


class Line(Frozen):
    """The format of a file of texts."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """By which a search finds it, and a later run changes it: once in a file."""
    text: str = ""
    image: Annotated[str, StringConstraints(min_length=1)] | None = None
    """Name of a file in the input's folder; its text, if any, goes with it."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Kept beside it as it is, for applications to filter by."""


@dataclass(frozen=True)
class Item:
    """One text, or one image, to be indexed."""

    number: int
    custom_id: str
    text: str
    metadata: str
    """JSON."""
    mark: bytes
    """sha256 of text, metadata and image: what is in the collection with the same one is
    finished."""
    image: Path | None = None


def read_item(text: bytes, number: int, file: str, sight: Sight) -> Item:
    """What one line holds; raises Refused with every complaint about it."""
    where = f"line {number}"
    document = read_object(text, number, file, EXAMPLE)
    try:
        line = Line.model_validate(document)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Line, where)) from None
    return _item(line, number, file, sight)


def _item(line: Line, number: int, file: str, sight: Sight) -> Item:
    unseen = image_complaints(sight, line.image) if line.image is not None else ()
    complaints = [
        Complaint(file, f"line {number}.{path}", found, hint)
        for path, found, hint in (*_unfit(line), *(("image", *one) for one in unseen))
    ]
    if complaints:
        raise Refused(complaints)
    if line.image is None:
        metadata = written(line.metadata)
        mark = hashlib.sha256(line.text.encode() + b"\0" + metadata).digest()
        return Item(number, line.id, line.text, metadata.decode(), mark)
    path = sight.folder / line.image
    # By which a search tells it from texts, and the check of known items does.
    metadata = written({IMAGE: line.image, **line.metadata})
    whole = line.text.encode() + b"\0" + metadata + b"\0" + digest(path)
    mark = hashlib.sha256(whole).digest()
    return Item(number, line.id, line.text, metadata.decode(), mark, path)


def _unfit(line: Line) -> list[tuple[str, str, str]]:
    """(path, found, hint) of what PostgreSQL's text and jsonb do not hold."""
    found = []
    for path in ("id", "text", "metadata"):
        words = "".join(_words(getattr(line, path)))
        if "\0" in words:
            found.append((path, "holds the character U+0000", "no text has it"))
        if any("\ud800" <= letter <= "\udfff" for letter in words):
            found.append((path, "holds half of a surrogate pair", "text as UTF-8 has it"))
    if not line.text.strip() and line.image is None:
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
