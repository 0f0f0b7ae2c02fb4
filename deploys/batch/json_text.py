"""JSON as batch files hold it: one document a line, read strictly and written short."""

import json
import math
from collections.abc import Sequence
from typing import Any

from deploys.settings.refusal import Complaint, Refused


def parsed(text: bytes) -> object:
    """The document; raises ValueError, with what is wrong, for all that readers differ about."""
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def read_object(text: bytes, number: int, file: str, example: str) -> dict[str, Any]:
    """The object of one line; raises Refused, with an example of a line, for what is none."""
    try:
        document = parsed(text)
    except ValueError as error:
        found = str(error)
    else:
        if isinstance(document, dict):
            return document
        found = "is no JSON object"
    raise Refused([Complaint(file, f"line {number}", found, f"one line: {example}")])


def written(document: object) -> bytes:
    """Short and without a line break."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Half of a surrogate pair, which engines cut off at max_tokens, is no UTF-8. Python's escape
    # for it is also JSON's.
    return text.encode("utf-8", errors="backslashreplace")


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"says {twice!r} twice in one object")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"holds {word}, which is no JSON number")


def _finite(word: str) -> float:
    """Python would read 1e999 as infinity, and could not write that."""
    number = float(word)
    if math.isinf(number):
        raise ValueError(f"holds {word}, which is too large a number")
    return number
