"""pydantic's findings in the kit's own words: every complaint at once, near misses named."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deploys.settings.refusal import Complaint

UNKNOWN_KEY = "is not a known key"


def complaints_of(
    error: ValidationError, file: str, model: type[BaseModel], prefix: str = ""
) -> list[Complaint]:
    """One complaint per finding of `error`, raised while `model` was read from `file`."""
    found: dict[tuple[str, str], Complaint] = {}
    for details in error.errors():
        one = _complaint(details, file, model, prefix)
        same = found.get((one.path, one.found))
        # A value that may be a number or a word is found wrong once for each.
        hint = f"{same.hint}, or {_choice(one.hint)}" if same else one.hint
        found[one.path, one.found] = replace(one, hint=hint)
    return list(found.values())


def _choice(hint: str) -> str:
    return hint.removeprefix("what fits: ").removeprefix("known here: ")


def near_miss(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest known word, or all of them."""
    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known here: " + (", ".join(choices) or "nothing")


def _complaint(details: ErrorDetails, file: str, model: type[BaseModel], prefix: str) -> Complaint:
    steps = [str(step) for step in details["loc"] if not _is_kind(step)]
    path = ".".join([prefix, *steps] if prefix else steps)
    if details["type"] == "extra_forbidden":
        known = _fields_at(model, details["loc"][:-1])
        return Complaint(file, path, UNKNOWN_KEY, near_miss(steps[-1], known))
    if details["type"] == "missing":
        return Complaint(file, path, "is missing", "add it; the folder's README shows an example")
    if details["type"] == "literal_error":
        known = _quoted(str(details.get("ctx", {}).get("expected", "")))
        return Complaint(
            file, path, f"found {details['input']!r}", near_miss(str(details["input"]), known)
        )
    return Complaint(file, path, f"found {_shown(details['input'])}", _hint(details))


def _is_kind(step: int | str) -> bool:
    """Whether a step only says as what a value with several kinds was read."""
    return isinstance(step, str) and bool(re.match(r"(constrained-)?(int|float)$|literal\[", step))


def _hint(details: ErrorDetails) -> str:
    message = details["msg"].removeprefix("Value error, ").replace("Input should be ", "")
    return f"what fits: {message}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _quoted(expected: str) -> list[str]:
    return expected.split("'")[1::2]


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys that `model` knows at `location`, following nested models, lists and dicts."""
    current: type[BaseModel] | None = model
    for step in location:
        if current is None or not isinstance(step, str):
            continue
        field = current.model_fields.get(step)
        if field is not None:
            current = _model_in(field.annotation)
    return list(current.model_fields) if current else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
