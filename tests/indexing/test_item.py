"""A line is a text that PostgreSQL can hold, or every reason why not."""

import json
from pathlib import Path

import pytest

from deploys.indexing.images import Sight
from deploys.indexing.item import Item, read_item
from deploys.settings.refusal import Refused

BLIND = Sight(Path(), "vectors", sees=False, body_limit_bytes=2**20)


def _read(document: object, sight: Sight = BLIND) -> Item:
    return read_item(json.dumps(document).encode(), 3, "in.jsonl", sight)


def _complaints(document: object) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        _read(document)
    return [(one.path, one.found) for one in refused.value.complaints]


def test_a_line_is_a_named_text_with_words_beside_it() -> None:
    item = _read({"id": "a", "text": "Ünter", "metadata": {"page": 1}})
    assert (item.number, item.custom_id, item.text) == (3, "a", "Ünter")
    assert json.loads(item.metadata) == {"page": 1}


def test_another_text_or_other_words_have_another_mark() -> None:
    whole = {"id": "a", "text": "one", "metadata": {"page": 1}}
    marks = {
        _read({**whole, **changed}).mark
        for changed in ({}, {"id": "b"}, {"text": "two"}, {"metadata": {"page": 2}})
    }
    # By the name alone nothing has to be computed again.
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"id": "a"}, "line 3.text", "is blank"),
        ({"id": "a", "text": "b", "txet": 1}, "line 3.txet", "is not a known key"),
        ({"id": "", "text": "b"}, "line 3.id", "found ''"),
        ({"id": "a", "text": " \n"}, "line 3.text", "is blank"),
        ({"id": "a", "text": "b\0"}, "line 3.text", "holds the character U+0000"),
        ({"id": "a", "text": "b\ud800"}, "line 3.text", "holds half of a surrogate pair"),
        (
            {"id": "a", "text": "b", "metadata": {"x": [{"\0": 1}]}},
            "line 3.metadata",
            "holds the character U+0000",
        ),
        (
            {"id": "a", "image": "a.png"},
            "line 3.image",
            "is an image, and pool `vectors` makes vectors of texts alone",
        ),
        (["a"], "line 3", "is no JSON object"),
    ],
)
def test_what_a_collection_cannot_hold_is_refused(document: object, path: str, found: str) -> None:
    assert _complaints(document) == [(path, found)]


def test_a_backslash_before_letters_is_no_half_character() -> None:
    assert json.loads(_read({"id": "a", "text": "b", "metadata": {"x": "C:\\udf\\u0000"}}).metadata)
