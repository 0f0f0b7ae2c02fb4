"""What a check said, taken apart: causes, their evidence, and what to do.

`checks/verdict.py` and `deploys/causes/telling.py` write these lines: each thought begins at a
line's start, and what belongs to it is indented.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.reports.words import Finding

# Causes that logs tell of name the services they are of: `chat-1, chat-2: cause: …`.
_CAUSE = re.compile(r"^(?:(?P<whose>[\w.-]+(?:, [\w.-]+)*): )?(?:cause|error): (?P<what>.*)", re.S)
_REMEDY = re.compile(r"^(?:remedy|hint): ")
# pytest's own mark of the line that tells of an exception.
_EXCEPTION = re.compile(r"^E\s+(\S.*)")


@dataclass
class _Open:
    """A finding to which lines still come."""

    cause: str
    evidence: list[str] = field(default_factory=list)
    remedies: list[str] = field(default_factory=list)


def findings(message: str) -> list[Finding]:
    """The check's own finding first, then the causes that logs tell of."""
    lines = message.splitlines()
    thrown = [match[1] for line in lines if (match := _EXCEPTION.match(line))]
    if thrown:
        return [Finding(cause=thrown[0], evidence=lines, remedies=[])]
    found: list[_Open] = []
    for head, indented in _thoughts(lines):
        _take(head, indented, found)
    if len(found) > 1 and found[-1].remedies and not _CAUSE.match(message):
        # The last remedy is the check's own, below what its containers' logs tell.
        found[0].remedies.append(found[-1].remedies.pop())
    return [Finding(**vars(one)) for one in found]


def _take(head: str, indented: list[str], found: list[_Open]) -> None:
    """Adds one thought to the last finding, or begins another."""
    cause, remedy = _CAUSE.match(head), _REMEDY.match(head)
    if remedy and found:
        found[-1].remedies.append("\n".join([head[remedy.end() :], *indented]))
    elif cause:
        whose = f"{cause['whose']}: " if cause["whose"] else ""
        evidence = [one.removeprefix("evidence: ") for one in indented]
        found.append(_Open(f"{whose}{cause['what']}", evidence))
    elif found:
        found[-1].evidence += [head, *indented]
    else:
        found.append(_Open(head, indented))


def _thoughts(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each line that is not indented, with the indented ones below it."""
    head, indented = "", list[str]()
    for line in lines:
        if line[:1].isspace() and head:
            indented.append(line.strip())
        elif line.strip():
            if head:
                yield head, indented
            head, indented = line.strip(), []
    if head:
        yield head, indented
