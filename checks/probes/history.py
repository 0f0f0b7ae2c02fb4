"""What each host keeps of its releases, who holds its lock and what was done: one round trip."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from checks.probes import sections
from checks.probes.host import Unreachable, ask_all, directory, run
from deploys.history import audit, holder, kept
from deploys.history.audit import Entry
from deploys.history.holder import Holder
from deploys.history.kept import Kept
from deploys.settings.inventory import InventoryHost


@dataclass(frozen=True)
class History:
    """One host."""

    host: str
    kept: Kept
    lock: Holder | None
    entries: tuple[Entry, ...]
    """The last lines of the audit log, oldest first."""


def read_all(hosts: Iterable[InventoryHost], root: Path) -> dict[str, History | Unreachable]:
    """Host's name -> its history, or why it could not be asked; all hosts at the same time."""
    return ask_all(hosts, lambda host: read(host, root))


def read(host: InventoryHost, root: Path) -> History:
    """One round trip; raises Unreachable."""
    place = directory(host, root)
    questions = {
        "kept": kept.question(place),
        "lock": holder.question(place),
        "audit": audit.question(place),
    }
    output = run(host, sections.script(questions))
    try:
        answers = {name: text.splitlines() for name, text in sections.answers(output).items()}
        return History(
            host.name,
            kept.parse_kept(answers["kept"]),
            holder.read_lock(answers["lock"]),
            audit.read_entries(answers["audit"]),
        )
    except (ValueError, KeyError) as error:
        raise Unreachable(host.name, f"its answer makes no sense: {error}") from error
