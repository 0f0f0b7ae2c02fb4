"""The kit's own `error:` and `hint:` in a log: they say what to do themselves."""

import re
from dataclasses import dataclass

from deploys.causes.evidence import Line

# pyinfra puts the host before what a run says.
_ERROR = re.compile(r"^(?:\s*\[[^\]]+\])?\s*error: (.+)$")
_HINT = re.compile(r"^(?:\s*\[[^\]]+\])?\s*hint: (.+)$")
# Between the two stand at most where a log is kept, and two causes with their remedies.
_LINES_BETWEEN = 20
# Every file of an environment may be wrong.
_MOST = 50


@dataclass(frozen=True)
class OwnComplaint:
    """An error that the kit has told with its hint."""

    line: Line
    error: str
    hint: str


class Complaints:
    """Pairs each error with the hint that follows it; an error alone is somebody else's."""

    def __init__(self) -> None:
        self.found: list[OwnComplaint] = []
        self._waiting: tuple[Line, str] | None = None

    def add(self, line: Line) -> bool:
        """Whether the line is half of a pair, or may become one."""
        error = _ERROR.match(line.text)
        if error:
            self._waiting = (line, error[1])
            return False
        if self._waiting is None:
            return False
        first, text = self._waiting
        hint = _HINT.match(line.text)
        if hint and len(self.found) < _MOST:
            self.found.append(OwnComplaint(first, text, hint[1]))
        if hint or line.number - first.number > _LINES_BETWEEN:
            self._waiting = None
        return bool(hint)
