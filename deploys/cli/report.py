"""`homeport report`: what runs of all checks have found, by release, and two of them compared."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from checks.reports.comparison import compare
from checks.reports.comparison_page import page
from checks.reports.document import written
from checks.reports.kept import all_kept, folder, read
from checks.reports.summary import verdict
from checks.reports.words import Report
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.report_text import print_comparison
from deploys.cli.root import repository_root
from deploys.cli.verify_options import ReportFolderOption
from deploys.settings.inventory import environments, read_inventory
from deploys.settings.refusal import Complaint, Refused

app = typer.Typer(no_args_is_help=True)

OldArgument = Annotated[Path, typer.Argument(metavar="OLD", help="A .json of `verify --report`.")]
NewArgument = Annotated[Path, typer.Argument(metavar="NEW", help="Another one.")]
PageOption = Annotated[Path | None, typer.Option("--page", help="Write it as HTML, too.")]


@app.command("list")
def list_reports(
    environment: EnvironmentArgument,
    report_folder: ReportFolderOption = None,
    as_json: JsonOption = False,
) -> int:
    """Shows an environment's kept reports, the oldest first."""
    root = repository_root()
    if environment not in environments(root):
        read_inventory(root, environment)
    found, complaints = all_kept(folder(root, environment, report_folder))
    if as_json:
        rows = [{"path": str(path), **_row(one)} for path, one in found.items()]
        print(json.dumps(rows, indent=2))
    else:
        _print_list(environment, found)
    if complaints:
        raise Refused(complaints)
    return ExitCode.DONE


@app.command("compare")
def compare_reports(
    old: OldArgument, new: NewArgument, as_page: PageOption = None, as_json: JsonOption = False
) -> int:
    """Says what became red, what green, what is new, what is gone, and figures side by side."""
    found = compare(*_both(old, new))
    if as_page:
        _write(as_page, page(found))
    if as_json:
        print(json.dumps(written(found), indent=2))
    else:
        print_comparison(found, Console())
    return ExitCode.VERIFICATION_FAILED if found.is_worse else ExitCode.DONE


def _both(*paths: Path) -> list[Report]:
    """Raises Refused with what is wrong with each of them."""
    complaints: list[Complaint] = []
    sides: list[Report] = []
    for path in paths:
        try:
            sides.append(read(path))
        except Refused as refused:
            complaints += refused.complaints
    if complaints:
        raise Refused(complaints)
    return sides


def _write(path: Path, html: str) -> None:
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        wrong = f"cannot be written: {error.strerror}"
        raise Refused([Complaint(str(path), "", wrong, "a file in a folder of yours")]) from None


def _row(one: Report) -> dict[str, object]:
    return {
        "time": one.time,
        "fleet": one.fleet,
        "exit_code": one.exit_code,
        "verdict": verdict(one),
    }


def _print_list(environment: str, found: dict[Path, Report]) -> None:
    if not found:
        print(f"no report is kept of {environment}: homeport verify {environment} --report")
        return
    table = Table("time", "release", "verdict", box=None, padding=(0, 2, 0, 0))
    for one in found.values():
        table.add_row(one.time, one.fleet, verdict(one))
    Console().print(table, markup=False, highlight=False)
    # For `compare`, in the same order, and too long for a table.
    sys.stdout.writelines(f"{path}\n" for path in found)
