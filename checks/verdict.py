"""How a check says no: the cause, and what to do about it."""

from collections.abc import Iterable
from typing import NoReturn

import pytest


def fail(cause: str, remedy: str, more: Iterable[str] = ()) -> NoReturn:
    """Ends the check; a person reads these lines and no traceback.

    `more` stands before the remedy: causes that a log tells of, with remedies of their own.
    """
    pytest.fail("\n".join([cause, *more, f"remedy: {remedy}"]), pytrace=False)


def require(holds: object, cause: str, remedy: str) -> None:
    """Ends the check unless `holds`."""
    if not holds:
        fail(cause, remedy)


def none_of(found: Iterable[object], cause: str, remedy: str, more: Iterable[str] = ()) -> None:
    """Ends the check when anything was found, and lists all of it."""
    lines = [f"  {item}" for item in found]
    if lines:
        fail("\n".join([f"{cause}:", *lines]), remedy, more)
