"""What a run of pyinfra shows and leaves on the controller when it says as much as it can."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from threading import Event, Thread

import pytest

LOUD = ("--yes", "-vvv", "--debug", "--diff")
# These print what is prepared, and end the run.
PRINTED = ("--debug-facts", "--debug-operations")


def loudest(
    repository: Path, inventory: str, deploy: str, variables: Mapping[str, str] | None = None
) -> str:
    """Everything that pyinfra says before and during a run when it says as much as it can."""
    return "".join(
        _said(repository, [*options, inventory, deploy], variables or {})
        for options in ((*LOUD, *PRINTED), LOUD)
    )


def _said(repository: Path, words: list[str], variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", *words], cwd=repository, capture_output=True, text=True,
        env={**os.environ, **variables}, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-6000:]
    return said


def shown(text: str, needles: str) -> list[str]:
    """Which of the needles (one a line) stand in a text."""
    return [one for one in needles.split() if one in text]


def keep_below(folder: Path, environment: pytest.MonkeyPatch) -> None:
    """Has all that is run from here keep its own files, and temporary ones, where one can look."""
    for variable in ("HOME", "TMPDIR"):
        environment.setenv(variable, str(folder))


def written(folder: Path, needles: str, own: Collection[str]) -> list[str]:
    """Files below a folder that hold one, besides those (by path) that the operator keeps.

    Not in tests/, which know the lab's secrets.
    """
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    return [
        name
        for name, path in sorted(files.items())
        if path.is_file() and name not in own and not name.startswith("tests/")
        if shown(path.read_bytes().decode(errors="replace"), needles)
    ]


@contextlib.contextmanager
def arguments_watched(found: list[str], needles: str) -> Iterator[None]:
    """Samples the arguments of all processes of this machine."""
    done = Event()

    def look() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    found.extend(shown(path.read_bytes().decode(errors="replace"), needles))
            time.sleep(0.02)

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
