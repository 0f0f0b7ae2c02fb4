"""`hub:OWNER/NAME[@REVISION][:FILE-OR-QUANTIZATION]`, as people write it and as it is kept."""

import re
from pathlib import Path
from typing import NamedTuple

HUB = "hub:"
PATTERN = re.compile(
    r"(?P<repository>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)"
    r"(?:@(?P<revision>[A-Za-z0-9][\w./-]*))?(?::(?P<wanted>[\w./-]+))?"
)


class HubSource(NamedTuple):
    """What is asked of a hub."""

    repository: str
    """OWNER/NAME."""
    revision: str
    """A branch, tag or commit; empty: the newest."""
    wanted: str
    """A file, or a quantization such as Q4_K_M; empty: the only one."""

    def pinned(self, commit: str) -> str:
        """As the catalogue keeps it."""
        return f"{HUB}{self.repository}@{commit}"


def hub_source(word: str) -> HubSource | None:
    """None where `word` speaks of no hub. A path that is there is a path."""
    plain = word.removeprefix(HUB)
    found = PATTERN.fullmatch(plain)
    if found is None or ".." in plain:
        return None
    is_file = not found["wanted"] and word.endswith(".gguf")
    if plain == word and (is_file or Path(word).expanduser().exists()):
        return None
    return HubSource(found["repository"], found["revision"] or "", found["wanted"] or "")
