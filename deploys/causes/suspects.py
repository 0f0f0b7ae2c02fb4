"""Lines that look like an error to somebody who knows no rule."""

import re

from deploys.causes.evidence import Line, shown

# Not the empty field `"error":""` of the gateway's own log.
_LOOKS = re.compile(
    r"\b(?:\w*error|fatal|panic|emerg|crit|traceback|exception|segfault|abort(?:ed)?|killed"
    r"|cannot|could not|failed|refused|denied)\b(?!\":\s*\"\")",
    re.IGNORECASE,
)
# One of these is in each of them: most lines need not be looked at more closely.
_PARTS = (
    *("error", "fatal", "panic", "emerg", "crit", "trace", "except", "segf", "abort", "kill"),
    *("cannot", "could not", "failed", "refused", "denied"),
)
_FIRST, _LAST = 2, 3


class Suspects:
    """The first of them, which are nearest to the cause, and the last."""

    def __init__(self) -> None:
        self._first: list[tuple[Line, int]] = []
        self._last: list[tuple[Line, int]] = []

    def add(self, line: Line) -> None:
        """Keeps a line that looks like one."""
        text = line.text.lower()
        found = _LOOKS.search(line.text) if any(part in text for part in _PARTS) else None
        if not found:
            return
        kept = (line, found.start())
        if len(self._first) < _FIRST:
            self._first.append(kept)
        else:
            self._last = [*self._last, kept][-_LAST:]

    def found(self) -> tuple[Line, ...]:
        """In the order of the log."""
        return tuple(shown(line, at) for line, at in (*self._first, *self._last))
