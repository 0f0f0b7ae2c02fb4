"""What `homeport verify` says on a terminal: each check as it ends, then the failures, then all."""

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.reports.summary import groups_of
from checks.reports.words import Report

MARKS = {
    "passed": "[green]ok[/]",
    "failed": "[red]FAILED[/]",
    "unreachable": "[red]UNREACHABLE[/]",
    "skipped": "[yellow]skipped[/]",
}


def print_progress(result: Mapping[str, Any], console: Console) -> None:
    """One line of a run, as soon as it is known."""
    subject = f" ({result['subject']})" if result["subject"] else ""
    title = escape(f"{result['check']}{subject}")
    console.print(f"  {MARKS[result['result']]} {title}", highlight=False)
    if result["result"] == "passed" and result["message"]:
        console.print(escape(indent(result["message"], "     note: ")), highlight=False)


def print_summary(report: Report, console: Console) -> None:
    """What did not pass, with all that it says; a table; the verdict."""
    for one in report.checks:
        if one.result != "passed":
            console.print(f"\n{MARKS[one.result]} {escape(one.title)}", highlight=False)
            console.print(escape(indent(one.message, "  ")), highlight=False, soft_wrap=True)
    table = Table("checks of", "passed", "not passed", "seconds", title_justify="left")
    for group, checks in groups_of(report).items():
        passed = sum(one.result == "passed" for one in checks)
        seconds = sum(one.seconds for one in checks)
        table.add_row(group, str(passed), str(len(checks) - passed or ""), f"{seconds:.1f}")
    console.print(table)
    told = f"{report.counts.passed} of {len(report.checks)} checks passed"
    console.print(
        f"{report.environment}: {told} in {report.seconds:.1f} s, release {report.fleet}",
        highlight=False,
    )
