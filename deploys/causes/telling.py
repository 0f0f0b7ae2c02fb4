"""An explanation in words: for a terminal, below a check that failed, for a program."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploys.causes.explanation import Explanation, Finding
from deploys.causes.rule import Remedy

# What rules call them, where nobody has said which.
ENVIRONMENT, POOL = "ENV", "POOL"
UNKNOWN = "no rule knows what this log says"
WHAT_NEXT = (
    "read on from the first of these lines; an engine says most where it began, so hand over the "
    "whole log (`docker logs CONTAINER 2>&1`), not its end, and the host's own words "
    "(`journalctl -k`, `journalctl -u docker`) beside it"
)


@dataclass(frozen=True)
class Place:
    """Whose log it is, for paths and commands that can be used as they stand."""

    environment: str = ENVIRONMENT
    pool: str = POOL
    files: Mapping[str, str] = field(default_factory=dict)
    """First word of a setting -> FILE:LINE that gives it its value."""

    def named(self, text: str) -> str:
        """The text with the environment's and the pool's name."""
        text = re.sub(rf"\b{ENVIRONMENT}\b", lambda _: self.environment, text)
        return re.sub(rf"\b{POOL}\b", lambda _: self.pool, text)

    def file(self, setting: str) -> str:
        """Where a setting stands, or belongs."""
        default = f"inventories/group_data/{self.environment}.py"
        return self.files.get(setting.split(".", maxsplit=1)[0], default)


def told(explanation: Explanation, place: Place) -> Iterator[str]:
    """Lines for a person: each cause with its evidence and what to do."""
    numbers = {one.name: at for at, one in enumerate(explanation.findings, start=1)}
    for at, finding in enumerate(explanation.findings, start=1):
        yield f"{at}. {_role(finding, numbers)}{place.named(finding.cause)}"
        for line in finding.evidence:
            yield f"   line {line.number}: {line.text}"
        if finding.count > len(finding.evidence):
            yield f"   ({finding.count} such lines)"
        for remedy in finding.remedies:
            yield f"   remedy: {remedy_words(remedy, place)}"


def told_unknown(explanation: Explanation) -> Iterator[str]:
    """Lines for a person where nothing was found: what looks like it, and what next."""
    yield f"{UNKNOWN}; of its {explanation.line_count} lines these look like it:"
    for line in explanation.suspects:
        yield f"   line {line.number}: {line.text}"
    yield f"   next: {WHAT_NEXT}"


def below(explanation: Explanation, place: Place) -> Iterator[str]:
    """What follows a failure that is already told: the first causes alone, or nothing."""
    roots = [one for one in explanation.findings if not one.follows and not one.warns]
    for finding in [one for one in roots if one.name != "homeport"][:2]:
        yield f"cause: {place.named(finding.cause)}"
        yield f"  evidence: {finding.evidence[0].text}"
        for remedy in finding.remedies:
            yield f"remedy: {remedy_words(remedy, place)}"


def remedy_words(remedy: Remedy, place: Place) -> str:
    """The setting with its file, or the command, and how."""
    how = place.named(remedy.how)
    if remedy.set:
        what = f"{place.file(remedy.set)}: {place.named(remedy.set)}"
    else:
        what = f"`{place.named(remedy.run)}`" if remedy.run else ""
    return ": ".join(part for part in (what, how) if part)


def document(explanation: Explanation, place: Place) -> dict[str, Any]:
    """The same for a program."""
    return {
        "findings": [
            {
                "name": one.name,
                "cause": place.named(one.cause),
                "severity": "warn" if one.warns else "fail",
                "follows": list(one.follows),
                "lines": one.count,
                "evidence": [vars(line) for line in one.evidence],
                "remedies": [_remedy(remedy, place) for remedy in one.remedies],
            }
            for one in explanation.findings
        ],
        "versions": explanation.versions,
        "lines": explanation.line_count,
        "suspects": [vars(line) for line in explanation.suspects],
    }


def _remedy(remedy: Remedy, place: Place) -> dict[str, str]:
    file = {"file": place.file(remedy.set)} if remedy.set else {}
    words = {key: place.named(value) for key, value in remedy.model_dump().items() if value}
    return {**file, **words}


def _role(finding: Finding, numbers: Mapping[str, int]) -> str:
    if finding.warns:
        return "warning: "
    known = [str(numbers[name]) for name in finding.follows]
    return f"follows from {', '.join(known)}: " if known else ""
