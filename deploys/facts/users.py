"""Whose a number is on a host."""

from collections.abc import Iterable

from pyinfra.api import FactBase


class UserName(FactBase[str]):
    """Returns the name of the user with this uid, local or of a directory; empty without one."""

    default = str

    def command(self, uid: int) -> str:
        return f"getent passwd {uid} | cut -d : -f 1"

    def process(self, output: Iterable[str]) -> str:
        return next(iter(output), "")
