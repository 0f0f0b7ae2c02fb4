"""How a check says no: the cause, and what to do about it.

`checks/reports/said.py` reads these lines again: each thought begins at a line's start, and what
belongs to it is indented.
"""

from collections.abc import Iterable
from typing import NoReturn

import pytest


def fail(cause: str, remedy: str, more: Iterable[str] = ()) -> NoReturn:
    """Ends the check; a person reads these lines and no traceback.

    `more` stands before the remedy: causes that a log tells of, with remedies of their own.
    """
    # A cause may quote what others have said, and no line of that is a remedy of ours.
    first, *others = cause.splitlines() or [""]
    indented = [one if one[:1].isspace() else f"  {one}" for one in others]
    pytest.fail("\n".join([first, *indented, *more, f"remedy: {remedy}"]), pytrace=False)


def require(holds: object, cause: str, remedy: str) -> None:
    """Ends the check unless `holds`."""
    if not holds:
        fail(cause, remedy)


def none_of(found: Iterable[object], cause: str, remedy: str, more: Iterable[str] = ()) -> None:
    """Ends the check when anything was found, and lists all of it."""
    lines = [f"  {item}" for item in found]
    if lines:
        fail("\n".join([f"{cause}:", *lines]), remedy, more)
