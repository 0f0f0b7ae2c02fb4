"""What the kit says when it will not go on: every reason at once, each with what fits."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Complaint:
    """One reason: where it stands, what is wrong, what would fit."""

    file: str
    path: str
    found: str
    hint: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.path else self.file
        return f"error: {where}: {self.found}\nhint: {self.hint}"


class Refused(Exception):
    """The input cannot be carried out; no host was touched."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))
