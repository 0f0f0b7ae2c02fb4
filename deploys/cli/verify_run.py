"""The run behind `homeport verify`: pytest in a process of its own, line by line."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from deploys.cli.exit_codes import ExitCode
from deploys.cli.verify_text import print_progress

# pytest's own exit codes: all passed, some failed, nothing collected; the rest is bad input.
_RAN = (0, 1)
_BAD_INPUT = 4


@dataclass(frozen=True)
class Checked:
    """What became of a run."""

    results: Sequence[dict[str, Any]]
    """Lines of checks/results.py."""
    did_not_run: str
    """What pytest said where it judged nothing."""
    exit_code: ExitCode


def run_checks(root: Path, arguments: Sequence[str], console: Console) -> Checked:
    """Runs the checkout's checks; each is also told as soon as it is known."""
    with tempfile.TemporaryFile("w+") as talk:
        code, results = _run(root, arguments, talk.fileno(), console)
        talk.seek(0)
        if code in _RAN:
            return Checked(results, "", _ending(results))
        # Bad input, or a bug of ours, which shows all that was said.
        lines = [line.removeprefix("ERROR: ") for line in talk.read().splitlines() if line.strip()]
    refused = ExitCode.REFUSED if code == _BAD_INPUT else ExitCode.VERIFICATION_FAILED
    return Checked(results, "\n".join(lines) or f"pytest ended with {code}", refused)


def _run(
    root: Path, arguments: Sequence[str], talk: int, console: Console
) -> tuple[int, list[dict[str, Any]]]:
    """pytest's exit code and each check's result."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "pytest", str(root / "checks"), *arguments]
    command += ["-p", "no:cacheprovider", "-q", f"--results=/dev/fd/{writer}"]
    results = []
    with os.fdopen(reader, encoding="utf-8") as lines:
        try:
            process = subprocess.Popen(
                command,
                cwd=root,
                env=_without_pytests_own(os.environ),
                pass_fds=(writer,),
                stdout=talk,
                stderr=talk,
            )
        finally:
            # Otherwise the pipe would never end.
            os.close(writer)
        for line in lines:
            results.append(json.loads(line))
            print_progress(results[-1], console)
    return process.wait(), results


def _without_pytests_own(environment: Mapping[str, str]) -> dict[str, str]:
    """An operator's own settings of pytest, such as `-k`, would leave checks out unseen."""
    own = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    return {name: value for name, value in environment.items() if name not in own}


def _ending(results: Sequence[dict[str, Any]]) -> ExitCode:
    endings = {result["result"] for result in results}
    if "unreachable" in endings:
        return ExitCode.HOST_UNREACHABLE
    return ExitCode.VERIFICATION_FAILED if "failed" in endings or not results else ExitCode.DONE
