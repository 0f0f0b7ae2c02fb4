"""Tools that the kit is measured against: each in a virtual environment of its own."""

import sys
from pathlib import Path

from tests.lab.machine import ROOT, run

BENCH = ROOT / ".homeport" / "bench"


def installed(folder: Path, requirement: str, program: str) -> Path:
    """Where its program lies, once it is installed."""
    found = folder / "bin" / program
    if not found.exists():
        print(f"   installing {requirement} into {folder}", file=sys.stderr)
        run(sys.executable, "-m", "venv", "--clear", str(folder))
        run(str(folder / "bin" / "pip"), "install", "--quiet", requirement)
    return found
