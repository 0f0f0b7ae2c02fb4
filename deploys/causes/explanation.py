"""What was found in a log, the first cause first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from deploys.causes.evidence import Line, masked, shown
from deploys.causes.own_words import Complaints, OwnComplaint
from deploys.causes.rule import ANY, Remedy, Rule, Seen, rules
from deploys.causes.speakers import is_within, told_versions
from deploys.causes.suspects import Suspects

# Enough to recognise it in the log; a worker of each of eight GPUs says the same.
_LINES = 2


@dataclass(frozen=True)
class Finding:
    """One cause that a log tells of."""

    name: str
    cause: str
    remedies: tuple[Remedy, ...]
    evidence: tuple[Line, ...]
    """The first lines that show it, without secrets."""
    count: int
    """How many lines there are."""
    warns: bool = False
    follows: tuple[str, ...] = ()
    """Names of the other findings of which it is a consequence."""


@dataclass(frozen=True)
class Explanation:
    """What a log says."""

    findings: tuple[Finding, ...]
    """Causes in the order in which they came, then what follows from them, then warnings."""
    versions: dict[str, str]
    """Who speaks in it -> in which version."""
    line_count: int
    suspects: tuple[Line, ...]
    """Lines that look like an error, where nothing was found that is one."""

    @property
    def is_unknown(self) -> bool:
        """Whether there are errors in it that no rule knows."""
        return bool(self.suspects)


@dataclass
class _Hit:
    """A rule's words, as often as they came."""

    rule: Rule
    seen: Seen
    kept: dict[str, str]
    lines: list[Line] = field(default_factory=list)
    count: int = 0

    def add(self, line: Line, at: int) -> None:
        self.count += 1
        if len(self.lines) < _LINES:
            found = shown(line, at)
            if all(found.text != other.text for other in self.lines):
                self.lines.append(found)


def explain(log: Iterable[Line]) -> Explanation:
    """Reads a log once, in memory that does not grow with it."""
    hits: dict[str, _Hit] = {}
    versions: dict[str, str] = {}
    complaints, suspects = Complaints(), Suspects()
    number = 0
    for line in log:
        number = line.number
        if not line.text:
            continue
        versions |= told_versions(line.text)
        known = _look(line, hits)
        own = complaints.add(line)
        if not known and not own:
            suspects.add(line)
    within = [hit for hit in hits.values() if _is_meant(hit.seen, versions)]
    found = _ordered([*_by_rule(within), *map(_own, complaints.found)])
    failed = any(not finding.warns for finding in found)
    return Explanation(found, versions, number, () if failed else suspects.found())


def _look(line: Line, hits: dict[str, _Hit]) -> bool:
    text = line.text
    # Most lines have none of them, and a log has millions of lines.
    likely = [(rule, seen) for longest, rule, seen in _needles() if longest in text]
    known: set[str] = set()
    for rule, seen in likely:
        only_warns = seen.unless and seen.unless in text
        found = None if rule.name in known or only_warns else seen.wording.found(text)
        if found:
            known.add(rule.name)
            hit = hits.setdefault(f"{rule.name}\0{seen.words}", _Hit(rule, seen, found[1]))
            hit.add(line, found[0])
    return bool(known)


@cache
def _needles() -> tuple[tuple[str, Rule, Seen], ...]:
    return tuple((seen.wording.longest, rule, seen) for rule in rules() for seen in rule.seen)


def _is_meant(seen: Seen, versions: dict[str, str]) -> bool:
    return is_within(versions.get(seen.says), seen.since, seen.until)


def _by_rule(hits: Sequence[_Hit]) -> list[Finding]:
    """A cause that is told in several ways is one; the first way says it."""
    by_name: dict[str, list[_Hit]] = {}
    for hit in sorted(hits, key=lambda hit: hit.lines[0].number):
        by_name.setdefault(hit.rule.name, []).append(hit)
    return [_finding(several) for several in by_name.values()]


def _finding(hits: Sequence[_Hit]) -> Finding:
    first = hits[0]
    kept = {name: value for hit in reversed(hits) for name, value in hit.kept.items()}
    lines = sorted((line for hit in hits for line in hit.lines), key=lambda line: line.number)
    return Finding(
        name=first.rule.name,
        cause=filled(first.rule.cause, kept),
        remedies=tuple(
            remedy.model_copy(update={"how": filled(remedy.how, kept)})
            for remedy in first.rule.remedies
        ),
        evidence=tuple(lines[: _LINES + 1]),
        count=sum(hit.count for hit in hits),
        warns=first.rule.warns,
        follows=first.rule.follows,
    )


def filled(text: str, kept: dict[str, str]) -> str:
    """A sentence with what the words kept; what they did not is called unknown."""
    for name, value in kept.items():
        text = text.replace(f"{{{name}}}", value or "?")
    return text


def _own(complaint: OwnComplaint) -> Finding:
    remedy = Remedy(how=masked(complaint.hint))
    evidence = (shown(complaint.line),)
    return Finding("homeport", masked(complaint.error), (remedy,), evidence, 1, follows=(ANY,))


def _ordered(found: Sequence[Finding]) -> tuple[Finding, ...]:
    names = {finding.name for finding in found if not finding.warns and ANY not in finding.follows}

    def causes(finding: Finding) -> tuple[str, ...]:
        wanted = names if ANY in finding.follows else names & set(finding.follows)
        return tuple(sorted(wanted - {finding.name}))

    linked = [
        Finding(**{**vars(finding), "follows": () if finding.warns else causes(finding)})
        for finding in found
    ]
    return tuple(
        sorted(linked, key=lambda one: (one.warns, bool(one.follows), one.evidence[0].number))
    )
