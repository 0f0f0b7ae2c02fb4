"""Findings of one rule over all GPUs of a host, and what becomes of a check by them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import pytest

from checks.probes.gpus import Gpu, Health, Lacking, Unreadable
from checks.results import NOTE
from checks.verdict import none_of
from deploys.render.release import ExpectedGpu

Note = Callable[[str, object], None]
"""pytest's record_property."""


class Severity(StrEnum):
    """`fail`: it cannot be relied on as it is. `warn`: one can live with it, knowingly."""

    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    severity: Severity
    evidence: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        word = "" if self.severity is Severity.FAIL else "warning: "
        return f"{word}{self.evidence}: {self.cause}"


Rule = Callable[[Gpu], Iterable[Finding]]
"""Findings of one GPU; raises Lacking or Unreadable."""

ASK_AGAIN = "`nvidia-smi -q` and `dmesg | grep NVRM` on the host; reset the GPU if it stays so"


@dataclass(frozen=True)
class Examined:
    """One host: what was read of it, and which GPUs its commit uses."""

    host: str
    health: Health
    planned: tuple[ExpectedGpu, ...]

    def uses(self, gpu: Gpu) -> bool:
        """Whether the commit does, for all that is known: a lost one does not say its UUID."""
        return not gpu.uuid or any(one.uuid == gpu.uuid for one in self.planned)


def failing(evidence: str, cause: str, remedy: str) -> Finding:
    """What a check fails by."""
    return Finding(Severity.FAIL, evidence, cause, remedy)


def warning(evidence: str, cause: str, remedy: str) -> Finding:
    """What a check passes with, as a note."""
    return Finding(Severity.WARN, evidence, cause, remedy)


def judge(examined: Examined, rule: Rule, title: str, note: Note) -> None:
    """Ends the check by what `rule` finds; skips it where no GPU lets itself be judged."""
    refused = examined.health.refused
    if refused is not None:
        pytest.skip(f"the driver answers nothing: {refused.said}")
    if not examined.health.gpus:
        pytest.skip("the driver shows no GPU: see that every planned gpu is there")
    found, unjudged = findings(examined, rule)
    if not found and unjudged and len(unjudged) == len(examined.health.gpus):
        pytest.skip("not to be judged here\n" + "\n".join(f"  {one}" for one in unjudged))
    conclude(found, title, note, unjudged)


def findings(examined: Examined, rule: Rule) -> tuple[list[Finding], list[str]]:
    """What `rule` finds of each GPU, and of which it could not say anything, with the reason."""
    found: list[Finding] = []
    unjudged = []
    for gpu in examined.health.gpus:
        try:
            # One by one: what was found before something is lacking stays found.
            for one in rule(gpu):
                found.append(_named(one, gpu, examined))
        except (Lacking, Unreadable) as reason:
            if gpu.is_lost:
                unjudged.append(f"{gpu}: it is lost")
            elif isinstance(reason, Lacking):
                unjudged.append(f"{gpu}: {reason}")
            else:
                one = failing(str(reason), "the driver cannot read it", ASK_AGAIN)
                found.append(_named(one, gpu, examined))
    return found, unjudged


def conclude(
    found: Iterable[Finding], title: str, note: Note, unjudged: Iterable[str] = ()
) -> None:
    """Fails by what is grave; warnings, and what could not be judged, become notes."""
    ordered = sorted(found, key=lambda one: one.severity is not Severity.FAIL)
    if ordered and ordered[0].severity is Severity.FAIL:
        none_of(ordered, title, "\n  ".join(_remedies(ordered)))
    lines = [*(f"{one} ({one.remedy})" for one in ordered), *(f"{one}" for one in unjudged)]
    if lines:
        note(NOTE, "\n".join(lines))


def _remedies(found: Iterable[Finding]) -> Iterator[str]:
    """Each once, in the order of the findings."""
    yield from dict.fromkeys(one.remedy for one in found)


def _named(finding: Finding, gpu: Gpu, examined: Examined) -> Finding:
    """A GPU that the commit does not use is told, and fails nothing."""
    if examined.uses(gpu):
        return replace(finding, evidence=f"{gpu}: {finding.evidence}")
    evidence = f"{gpu}, which the plan does not use: {finding.evidence}"
    return replace(finding, severity=Severity.WARN, evidence=evidence)
