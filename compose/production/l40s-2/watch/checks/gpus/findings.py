"""Findings of one rule over all GPUs of a host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Callable, Iterable, Protocol, Sequence

from checks.gpus.health import Gpu, Health, Lacking, Unreadable


class Severity(str, Enum):  # noqa: UP042  StrEnum came with 3.11
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


class Planned(Protocol):
    """A GPU as a commit names it."""

    @property
    def uuid(self) -> str:
        """The driver's."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def slices(self) -> Sequence[str]:
        """UUIDs of the slices that replicas use; none where they use the whole."""


@dataclass(frozen=True)
class Examined:
    """One host: what was read of it, and which GPUs its commit uses."""

    host: str
    health: Health
    planned: Sequence[Planned]

    def uses(self, gpu: Gpu) -> bool:
        """Whether the commit does, for all that is known: a lost one does not say its UUID."""
        return not gpu.uuid or any(one.uuid == gpu.uuid for one in self.planned)


def failing(evidence: str, cause: str, remedy: str) -> Finding:
    """What a check fails by."""
    return Finding(Severity.FAIL, evidence, cause, remedy)


def warning(evidence: str, cause: str, remedy: str) -> Finding:
    """What a check passes with, as a note."""
    return Finding(Severity.WARN, evidence, cause, remedy)


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


def _named(finding: Finding, gpu: Gpu, examined: Examined) -> Finding:
    """A GPU that the commit does not use is told, and fails nothing."""
    if examined.uses(gpu):
        return replace(finding, evidence=f"{gpu}: {finding.evidence}")
    evidence = f"{gpu}, which the plan does not use: {finding.evidence}"
    return replace(finding, severity=Severity.WARN, evidence=evidence)
