"""What becomes of a check by the findings of its rule."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from checks.gpus.findings import Examined, Finding, Rule, Severity, findings
from checks.results import NOTE
from checks.verdict import none_of

Note = Callable[[str, object], None]
"""pytest's record_property."""


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
