"""How what is rendered for an environment differs from what is committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploys.render.release_watch import program_named

_NEW_PROGRAM = "the watch's program in this kit is not the one that it names"


@dataclass(frozen=True, order=True)
class Difference:
    """One committed file that is not what render writes."""

    path: str
    state: Literal["stale", "missing", "orphaned"]
    reason: str = ""
    """Where neither settings nor templates can say it."""

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.state:9}{self.path}{reason}"


def differences(root: Path, environment: str, rendered: Mapping[str, str]) -> list[Difference]:
    """Which committed files are stale, missing or orphaned, sorted by path."""
    committed = {
        str(path.relative_to(root)): path
        for folder in ("compose", "nginx")
        for path in (root / folder / environment).rglob("*")
        if path.is_file()
    }
    found = [Difference(path, "orphaned") for path in committed.keys() - rendered.keys()]
    found += [Difference(path, "missing") for path in rendered.keys() - committed.keys()]
    found += [
        Difference(path, "stale", _reason(there, rendered[path]))
        for path in rendered.keys() & committed.keys()
        if (there := committed[path].read_bytes()) != rendered[path].encode()
    ]
    return sorted(found)


def _reason(committed: bytes, rendered: str) -> str:
    before, now = program_named(committed.decode(errors="replace")), program_named(rendered)
    return _NEW_PROGRAM if before and now and before != now else ""
