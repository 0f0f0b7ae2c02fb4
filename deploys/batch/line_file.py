"""A file that only grows, one durable line after the other, and survives a kill at any byte."""

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

from deploys.batch.letters import ID
from deploys.settings.refusal import Complaint, Refused

_OURS = re.compile(rb'\{"id":"' + ID.encode() + rb'([0-9a-f]{16})_([0-9]+)"')
_BEGINNING = b'{"id":"' + ID.encode()


class InUse(Exception):
    """Another run is writing to the same file; its text is error and hint."""


class LineFile:
    """Answers, or dead letters, of one input; nobody else writes while it is open."""

    def __init__(self, path: Path, option: str = "--output") -> None:
        self.path = path
        self._option = option
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            found = f"cannot be written: {error.strerror}"
            raise Refused([Complaint(str(path), "", found, f"another {option}")]) from None
        try:
            # Gone with the process, however it ends.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            hint = f"hint: wait for it, or name another {option}"
            raise InUse(f"error: {path}: another run writes to it\n{hint}") from None

    def finished(self, digest: str) -> Iterator[int]:
        """Numbers of the lines that it holds; cuts a torn last one off.

        Raises Refused for a file that is not of this input, or not of this command at all, before
        anything is cut.
        """
        whole_bytes = 0
        with self.path.open("rb") as file:
            for text in file:
                found = _OURS.match(text)
                if text.endswith(b"\n") and found and found[1].decode() == digest[:16]:
                    whole_bytes += len(text)
                    yield int(found[2])
                elif text.endswith(b"\n") or not (whole_bytes or _is_torn(text)):
                    raise self._foreign(found is not None)
        os.ftruncate(self._descriptor, whole_bytes)
        os.fsync(self._descriptor)
        self._keep_name()

    def append(self, line: bytes) -> None:
        """Returns when the line is on the disk; a line that does not fit leaves nothing behind."""
        before_bytes = os.fstat(self._descriptor).st_size
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fdatasync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, before_bytes)
            raise OSError(error.errno, error.strerror, str(self.path)) from None

    def close(self) -> None:
        """Lets the next run in."""
        os.close(self._descriptor)

    def _keep_name(self) -> None:
        """A new file's name is in its folder, which has to be written too."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _foreign(self, of_this_command: bool) -> Refused:
        found = "is of another input" if of_this_command else "is no file of this command's"
        hint = f"another {self._option}, or the input that it was written for, unchanged"
        return Refused([Complaint(str(self.path), "", found, hint)])


def _is_torn(text: bytes) -> bool:
    """Whether a file's only line can be the beginning of one of ours; zeros follow a power cut."""
    length = min(len(text), len(_BEGINNING))
    return text[:length] == _BEGINNING[:length] or not text.strip(b"\0")
