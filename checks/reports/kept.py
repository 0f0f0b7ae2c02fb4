"""Reports on this machine's disk, by environment and release.

Three files each: NAME.json, NAME.html, and NAME.xml for programs that read JUnit.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from checks.benchmarks.moment import file_name
from checks.reports.document import written
from checks.reports.words import SCHEMA, Report
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of

HINT = "a whole .json that `homeport verify ENV --report` has written"


def folder(root: Path, environment: str, below: Path | None = None) -> Path:
    """Where an environment's reports lie: below a folder of choice, or in the checkout."""
    return (below or root / ".homeport" / "reports") / environment


def require_writable(where: Path) -> None:
    """Before any host is asked: what takes minutes must have a place. Raises Refused."""
    probe = where / ".writable"
    try:
        where.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        wrong = f"cannot be written to: {error.strerror}"
        hint = "--report-folder FOLDER keeps reports elsewhere"
        raise Refused([Complaint(str(where), "", wrong, hint)]) from None


def keep(where: Path, report: Report, html: str, junit: Path) -> Path:
    """Writes all files; gives that of the JSON. It comes last, and in one rename: a report that has
    one is whole.
    """
    path = where / report.fleet / f"{file_name(report.time)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".html").write_text(html, encoding="utf-8")
    shutil.copyfile(junit, path.with_suffix(".xml"))
    half = path.with_suffix(".half")
    half.write_text(json.dumps(written(report), indent=2) + "\n", encoding="utf-8")
    half.replace(path)
    return path


def all_kept(where: Path) -> tuple[dict[Path, Report], list[Complaint]]:
    """An environment's reports, the oldest first, and what is to be said of files that are none."""
    found: dict[Path, Report] = {}
    complaints: list[Complaint] = []
    for path in sorted(where.glob("*/*.json")):
        try:
            found[path] = read(path)
        except Refused as refused:
            complaints += refused.complaints
    return dict(sorted(found.items(), key=lambda one: one[1].time)), complaints


def read(path: Path) -> Report:
    """One report; raises Refused with every complaint."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {_said(error)}") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise _refused(path, f"is no report of schema {SCHEMA}, but {_kind(schema)}")
    try:
        return Report.model_validate(document)
    except ValidationError as error:
        complaints = complaints_of(error, str(path), Report)
        raise Refused([replace(one, hint=HINT) for one in complaints[:20]]) from None


def _said(error: OSError | ValueError | RecursionError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _kind(schema: object) -> str:
    return "something else" if schema is None else f"of {str(schema)[:40]!r}"


def _refused(path: Path, wrong: str) -> Refused:
    return Refused([Complaint(str(path), "", wrong, HINT)])
