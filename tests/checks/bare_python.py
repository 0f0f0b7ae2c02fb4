"""A python3 as on a bare host, for PATH."""

import shutil
from pathlib import Path

import pytest


def python_without_ctypes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A python3 as Debian's python3-minimal is: some of what it lacks, and all that is tempting."""
    program = folder / "python3"
    lacking = ("ctypes", "json", "shutil", "dataclasses")
    blocked = f"import sys; sys.modules.update(dict.fromkeys({lacking}))"
    program.write_text(
        f'#!/bin/sh\nshift 2; code=$1; shift\nexec {shutil.which("python3")} -I -c "{blocked}\n'
        '$code" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
