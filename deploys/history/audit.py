"""The audit log of a host: one JSON object per line, one line per run that came to do its work.

The host adds `time`, by its clock, `after`, the release that is current at the end, and `outcome`:
`switched`, `mended`, `unchanged`, `failed at OPERATION`, `stopped at OPERATION`, `died` or
`lock broken by WHO`. The watch adds lines of its own: `REPLICA taken out`, `let back`, `restarted`.
"""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from deploys.history.holder import Holder

# The host makes it `switched` when another release is current than before. Otherwise what had been
# changed by hand, or was broken, was put right.
CHANGED = "mended"
# Everything was as it should be.
UNCHANGED = "unchanged"
SHOWN = 5
# How a line of the watch is told from others.
_WATCH = """'"action": "watch"'"""


@dataclass(frozen=True)
class Entry:
    """One line."""

    time: str
    """UTC, by the host's clock."""
    who: str
    action: str
    before: str
    after: str
    outcome: str
    reason: str


def fields(holder: Holder) -> str:
    """What the controller knows of a line at once: a JSON object's inside, without its braces."""
    words = {
        "who": holder.who,
        "action": holder.action,
        "before": holder.before,
        "wanted": holder.release,
        "reason": holder.reason,
    }
    return json.dumps(words)[1:-1]


def question(directory: str) -> str:
    """sh: the last lines of the log, runs' and the watch's; nothing without one."""
    log = shlex.quote(f"{directory}/audit.log")
    # Each line begins with its time. What the watch did must not hide what people did.
    return (
        f"{{ grep -v {_WATCH} {log} | tail -n {SHOWN}; grep {_WATCH} {log} | tail -n {SHOWN}; }} "
        "2>/dev/null | LC_ALL=C sort"
    )


def read_entries(lines: Iterable[str]) -> tuple[Entry, ...]:
    """Oldest first; a line that is none, such as one that a full disk cut off, is left out."""
    found = []
    for line in lines:
        try:
            document = json.loads(line)
            words = {name: str(document[name]) for name in Entry.__dataclass_fields__}
        except (ValueError, TypeError, KeyError):
            continue
        found.append(Entry(**words))
    return tuple(found)
