"""`homeport releases ENV`: what each host keeps, runs and has been through. Changes nothing."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from checks.probes.history import History
from checks.probes.host import Unreachable
from deploys.cli.exit_codes import ExitCode
from deploys.cli.history import histories
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.history.holder import Holder, age
from deploys.settings.inventory import read_inventory


def releases(environment: EnvironmentArgument, as_json: JsonOption = False) -> int:
    """Lists the releases that a rollback can go to, who holds the lock, and the last changes."""
    root = repository_root()
    found, lost = histories(read_inventory(root, environment).hosts, root)
    if as_json:
        print(json.dumps(_document(environment, found, lost), indent=2))
    else:
        for history in found.values():
            _print(environment, history, Console())
    return ExitCode.HOST_UNREACHABLE if lost else ExitCode.DONE


def _rows(history: History) -> list[dict[str, Any]]:
    """Newest first; what was never applied comes last."""
    kept = history.kept
    applied: dict[str, float] = {}
    fleets: dict[str, list[str]] = {}
    for one in kept.applied:
        applied.setdefault(one.release, one.at)
        fleets.setdefault(one.release, []).append(one.fleet)
    names = [*applied, *(name for name in kept.folders if name not in applied)]
    return [
        {
            "release": name,
            "current": name == kept.current,
            "staged": _moment(kept.staged_at.get(name)),
            "applied": _moment(applied.get(name)),
            "fleets": fleets.get(name, []),
        }
        for name in names
    ]


def _print(environment: str, history: History, console: Console) -> None:
    rows = _rows(history)
    if not rows:
        console.print(f"{history.host}: nothing was applied here", highlight=False)
    else:
        console.print(_table(history, rows), highlight=False)
    if history.lock is not None:
        console.print(_lock(environment, history.lock), highlight=False, markup=False)
    for entry in history.entries:
        change = entry.after
        if entry.before != entry.after:
            change = f"{entry.before or 'nothing'} -> {entry.after or 'nothing'}"
        because = f" ({entry.reason})" if entry.reason else ""
        words = f"  {entry.time}  {entry.who}  {entry.action}: {entry.outcome}, {change}{because}"
        console.print(words, highlight=False, markup=False, soft_wrap=True)


def _table(history: History, rows: Sequence[Mapping[str, Any]]) -> Table:
    # A fleet of one host is called as its release.
    wide = any(row["fleets"] not in ([], [row["release"]]) for row in rows)
    headings = [history.host, "staged (UTC)", "applied (UTC)", "", *(["fleets"] if wide else [])]
    table = Table(*headings, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        current = "current" if row["current"] else ""
        words = [row["release"], row["staged"] or "", row["applied"] or "never", current]
        table.add_row(*words, *([" ".join(row["fleets"])] if wide else []))
    return table


def _lock(environment: str, lock: Holder) -> str:
    since = f"since {_moment(lock.since)} UTC, {age(lock.age_seconds)} ago"
    return f"  locked by {lock} {since}\n  `homeport unlock {environment}` breaks a dead run's lock"


def _moment(seconds: float | None) -> str | None:
    """A host's time as it shows it itself, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%F %T}" if seconds else None


def _document(
    environment: str, found: Mapping[str, History], lost: Sequence[Unreachable]
) -> dict[str, Any]:
    return {
        "environment": environment,
        "hosts": [
            {
                "host": history.host,
                "current": history.kept.current,
                "current_since": _moment(history.kept.current_since),
                "releases": _rows(history),
                "lock": _lock_document(history.lock),
                "audit": [dataclasses.asdict(entry) for entry in history.entries],
            }
            for history in found.values()
        ],
        "unreachable": [{"host": one.host, "reason": one.reason} for one in lost],
    }


def _lock_document(lock: Holder | None) -> dict[str, Any] | None:
    if lock is None:
        return None
    words = {"who": lock.who, "action": lock.action, "release": lock.release, "reason": lock.reason}
    return {**words, "since": _moment(lock.since), "age_seconds": lock.age_seconds}
