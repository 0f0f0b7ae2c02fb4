"""Runs pyinfra as a person would, and reads what its exit code leaves out.

Raw pyinfra exits 0 for a dry run with changes and 1 for every kind of failure; its JSON and its
progress lines tell them apart.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploys.cli.exit_codes import ExitCode
from deploys.operations.refusal_words import REFUSED


@dataclass(frozen=True)
class Run:
    """How one pyinfra run ended."""

    exit_code: ExitCode
    dry: bool
    changed: list[str] = field(default_factory=list)
    """Names of the operations that changed something, or would."""
    failed_hosts: list[str] = field(default_factory=list)
    explanation: str = ""


def run_pyinfra(
    root: Path, environment: str, deploy: str, arguments: Sequence[str] = (), *, dry: bool = False
) -> Run:
    """Runs `deploy` against the environment's hosts; progress goes to stderr as it happens."""
    mode = ["--dry"] if dry else ["-y"]
    command = [sys.executable, "-m", "pyinfra", *mode, "--json", *arguments]
    command += [f"inventories/{environment}.py", deploy]
    # The spinner redraws a line many times a second; logs and pipes would keep each of them.
    variables = {**os.environ, "PYINFRA_PROGRESS": "off"}
    # A file, not a pipe: the document of a large fleet would fill a pipe that nobody reads yet.
    with tempfile.TemporaryFile("w+") as document:
        process = subprocess.Popen(
            command, cwd=root, env=variables, text=True, stdout=document, stderr=subprocess.PIPE
        )
        progress = _pass_on(process)
        code = process.wait()
        document.seek(0)
        return outcome(code, document.read(), progress, environment, dry)


def _pass_on(process: "subprocess.Popen[str]") -> list[str]:
    lines = []
    refused = False
    for line in process.stderr or ():
        lines.append(line.rstrip("\n"))
        # A refusal is told once, as ours, not as pyinfra's error first.
        refused = refused or REFUSED in line
        if not refused:
            sys.stderr.write(line)
            sys.stderr.flush()
    return lines


def outcome(code: int, document: str, progress: list[str], environment: str, dry: bool) -> Run:
    """The ending that pyinfra's exit code, JSON document and progress lines tell together."""
    result = _parsed(document)
    failed = _failed_hosts(result)
    if code == 0 and not failed:
        changed = _changed(result, dry)
        pending = ExitCode.CHANGES_PENDING if dry and changed else ExitCode.DONE
        return Run(pending, dry, changed)
    ending, explanation = _ending(progress, environment)
    return Run(ending, dry, [], failed, explanation)


def _ending(progress: list[str], environment: str) -> tuple[ExitCode, str]:
    text = "\n".join(progress)
    if REFUSED in text:
        refusal = text.partition(REFUSED)[2].strip()
        return ExitCode.REFUSED, refusal
    unreachable = [line.strip() for line in progress if _is_unreachable(line)]
    if unreachable:
        hint = f"hint: `pyinfra inventories/{environment}.py exec -- true` tries the connection"
        return ExitCode.HOST_UNREACHABLE, "\n".join([*(f"error: {x}" for x in unreachable), hint])
    hint = f"hint: the lines above say why; `homeport apply {environment}` goes on from here"
    return ExitCode.OPERATION_FAILED, f"error: an operation failed\n{hint}"


def _is_unreachable(line: str) -> bool:
    return any(
        words in line for words in ("Failed to connect", "Could not connect", "Connect error")
    )


def _parsed(document: str) -> dict[str, Any]:
    try:
        parsed = json.loads(document)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _changed(result: dict[str, Any], dry: bool) -> list[str]:
    if dry:
        return [
            operation["name"]
            for operation in result.get("plan") or []
            if operation["hosts_with_change"] or operation["hosts_with_conditional_change"]
        ]
    operations = (result.get("results") or {}).get("operations") or []
    return [operation["name"] for operation in operations if operation["success"]]


def _failed_hosts(result: dict[str, Any]) -> list[str]:
    return list((result.get("results") or {}).get("failed_hosts") or [])
