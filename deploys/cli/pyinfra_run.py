"""Runs pyinfra as a person would, and reads what its exit code leaves out.

Raw pyinfra exits 0 for a dry run with changes and 1 for every kind of failure; its JSON and its
progress lines tell them apart.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploys.cli.exit_codes import ExitCode
from deploys.cli.progress import causes_of, lost_hosts, stopped_by, unreachable_hosts
from deploys.history.words import LOCKED, LOCKING, ROLLED_BACK, ROLLOUT, UNTOUCHED
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
    rollout: list[str] = field(default_factory=list)
    """What the rolling update told, or what it would do: a line for each step."""

    def document(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "dry": self.dry,
            "exit_code": int(self.exit_code),
            "changed": self.changed,
            "failed_hosts": self.failed_hosts,
            "explanation": self.explanation,
            "rollout": self.rollout,
        }


def run_pyinfra(
    root: Path,
    environment: str,
    deploy: str,
    arguments: Sequence[str] = (),
    *,
    dry: bool = False,
    words: Mapping[str, str] | None = None,
) -> Run:
    """Runs `deploy` against the environment's hosts; progress goes to stderr as it happens.

    `words` go along as environment variables: pyinfra's own --data would take `0123` for a number.
    """
    mode = ["--dry"] if dry else ["-y"]
    command = [sys.executable, "-m", "pyinfra", *mode, "--json", *arguments]
    command += [f"inventories/{environment}.py", deploy]
    # The spinner redraws a line many times a second; logs and pipes would keep each of them.
    variables = {**os.environ, **(words or {}), "PYINFRA_PROGRESS": "off"}
    # A file, not a pipe: the document of a large fleet would fill a pipe that nobody reads yet.
    with tempfile.TemporaryFile("w+") as document:
        process = subprocess.Popen(
            command, cwd=root, env=variables, text=True, stdout=document, stderr=subprocess.PIPE
        )
        with _ended_together(process):
            progress = _pass_on(process)
            code = process.wait()
        document.seek(0)
        return outcome(code, document.read(), progress, environment, dry)


@contextmanager
def _ended_together(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Has pyinfra end before this command does, because it releases the locks when it ends."""
    # Elsewhere nothing can be set; and nohup has SIGHUP ignored, for pyinfra too.
    in_main = threading.current_thread() is threading.main_thread()
    usual = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP) if in_main}
    before = {one: handler for one, handler in usual.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, lambda received, _: process.send_signal(received))
    try:
        yield
    except KeyboardInterrupt:
        # The terminal has told pyinfra as well.
        process.wait()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pass_on(process: "subprocess.Popen[str]") -> list[str]:
    lines = []
    told = False
    for line in process.stderr or ():
        lines.append(line.rstrip("\n"))
        # A refusal is told once, as ours, not as pyinfra's error first.
        told = told or REFUSED in line or LOCKED in line
        if not told:
            sys.stderr.write(line)
            sys.stderr.flush()
    return lines


def outcome(code: int, document: str, progress: list[str], environment: str, dry: bool) -> Run:
    """The ending that pyinfra's exit code, JSON document and progress lines tell together."""
    result = _parsed(document)
    failed = _failed_hosts(result)
    # Without a document it was told to stop: Ctrl-C makes pyinfra exit with 0.
    if code == 0 and result and not failed:
        changed = _changed(result, dry)
        pending = ExitCode.CHANGES_PENDING if dry and changed else ExitCode.DONE
        return Run(pending, dry, changed, rollout=_told(progress))
    ending, explanation = _ending(code, progress, environment)
    return Run(ending, dry, [], failed, explanation, _told(progress))


def _ending(code: int, progress: list[str], environment: str) -> tuple[ExitCode, str]:
    text = "\n".join(progress)
    if REFUSED in text:
        refusal = text.partition(REFUSED)[2].strip()
        return ExitCode.REFUSED, refusal
    if LOCKED in text:
        return ExitCode.LOCKED, "\n".join(_own_lines(progress, LOCKED))
    rolled_back = [
        line for words in (ROLLED_BACK, UNTOUCHED) for line in _own_lines(progress, words)
    ]
    lost = lost_hosts(progress, environment)
    if lost:
        return ExitCode.HOST_UNREACHABLE, "\n".join([*rolled_back, lost])
    if rolled_back:
        return ExitCode.ROLLED_BACK, "\n".join(rolled_back)
    unreachable = unreachable_hosts(progress, environment)
    if unreachable:
        return ExitCode.HOST_UNREACHABLE, unreachable
    hint = f"hint: the lines above say why; `homeport apply {environment}` goes on from here"
    failed = ["error: an operation failed", *causes_of(progress, environment), hint]
    return ExitCode.OPERATION_FAILED, stopped_by(code, environment) or "\n".join(failed)


def _told(progress: list[str]) -> list[str]:
    """What a rollout told on the way, without pyinfra's prefix `[HOST]`."""
    lines = (line.partition(f"{ROLLOUT} ")[2] for line in progress)
    return [line for line in lines if line]


def _own_lines(progress: list[str], words: str) -> Iterator[str]:
    """What hosts say from the line with these words on, without pyinfra's prefix `[HOST]`."""
    prefix = ""
    for line in progress:
        if words in line:
            prefix, _, _ = line.partition("error: ")
        told = line.removeprefix(prefix)
        if prefix and line.startswith(prefix) and not told.startswith("Error:"):
            yield told


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
    names = [operation["name"] for operation in operations if operation["success"]]
    return [name for name in names if not name.endswith(LOCKING)]


def _failed_hosts(result: dict[str, Any]) -> list[str]:
    return list((result.get("results") or {}).get("failed_hosts") or [])
