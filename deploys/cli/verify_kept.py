"""Where `homeport verify` leaves what it found, for those who ask for it."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from checks.reports.kept import folder, keep, require_writable
from checks.reports.measured import Measured, measured
from checks.reports.page import page
from checks.reports.words import Report


@dataclass(frozen=True)
class Place:
    """Where a report will be kept, and what it will say of benchmarks."""

    folder: Path
    benchmarks: Sequence[Measured]


def place(root: Path, environment: str, fleet: str, below: Path | None) -> Place:
    """Known before any host is asked; raises Refused."""
    benchmarks = measured(root, environment, fleet)
    where = folder(root, environment, below)
    require_writable(where)
    return Place(where, benchmarks)


def keep_all(
    found: Report, kept: Place | None, xml: Path, junit: Path | None, console: Console
) -> bool:
    """Whether all that was asked for is written."""
    try:
        if junit:
            # As pytest does it by itself.
            junit.absolute().parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(xml, junit)
        if kept:
            path = keep(kept.folder, found, page(found, kept.benchmarks), xml)
            told = f"written: {path.with_suffix('.html')}, beside it .json and .xml (JUnit)"
            console.print(told, markup=False, highlight=False, soft_wrap=True)
    except OSError as error:
        name = error.filename2 or error.filename
        print(f"error: {name}: cannot be written: {error.strerror}", file=sys.stderr)
        print("hint: room, and a folder that is yours; then verify again", file=sys.stderr)
        return False
    return True
