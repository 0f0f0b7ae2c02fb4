"""A report in one sentence, and by groups."""

from checks.reports.words import Check, Report


def verdict(report: Report) -> str:
    """Hosts that gave no answer first: what is not known is worse than what is."""
    counts, total = report.counts, len(report.checks)
    if not total:
        return "nothing was checked"
    lost = sorted({one.host for one in report.checks if one.result == "unreachable"} - {""})
    if counts.unreachable:
        names = ", ".join(lost) or "a host"
        failed = f", {counts.failed} of {total} checks failed" if counts.failed else ""
        return f"{names} cannot be reached{failed}"
    if counts.failed:
        return f"{counts.failed} of {total} checks failed"
    skipped = f", {counts.skipped} had to be skipped" if counts.skipped else ""
    return f"{counts.passed} of {total} checks passed{skipped}"


def groups_of(report: Report) -> dict[str, list[Check]]:
    """Group -> its checks, in the order in which they ran."""
    groups: dict[str, list[Check]] = {}
    for one in report.checks:
        groups.setdefault(one.group, []).append(one)
    return groups
