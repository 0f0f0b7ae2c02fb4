"""An input's file, open for more than one reading."""

from pathlib import Path
from typing import BinaryIO

from deploys.settings.refusal import Complaint, Refused


def opened_input(path: Path, otherwise: str, fits: str) -> BinaryIO:
    """The file; raises Refused. `otherwise`: what it is where it is there and no file; `fits`: what
    would be one.
    """
    if not path.is_file():
        wrong = otherwise if path.exists() else "is not there"
        raise Refused([Complaint(str(path), "", wrong, fits)])
    try:
        return path.open("rb")
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(str(path), "", wrong, "a file that you may read")]) from None
