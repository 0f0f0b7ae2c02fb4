"""What a release says about the watch on its host."""

import hashlib
import re
from collections.abc import Mapping
from typing import Literal

from deploys.settings.client import SecretReference
from deploys.settings.words import Frozen

# Where a host's release has it: the program, what it is to know, its units.
FOLDER = "watch"
Part = Literal["gpus", "gateway"]

# What Python has compiled: made on the host, and held against its source.
_COMPILED = "__pycache__"
_PROGRAM = re.compile(r"^watch:\n(?: .*\n)*?  program: '?(\w+)", re.MULTILINE)


class WatchRelease(Frozen):
    """What the deploy needs to have systemd run it; its files are the release's and the kit's."""

    units: tuple[str, ...]
    """Files of the release's folder `watch` that systemd gets, the timer first."""
    look_seconds: int
    webhook: SecretReference | None = None
    # With defaults: releases that hosts keep were made when the program was among their files.
    program: str = ""
    """program_digest of the program, which no commit has: each deploy takes it from the kit."""
    parts: tuple[Part, ...] = ()
    """What the program has here beside the watch's own modules."""

    def digests(self, files: Mapping[str, str]) -> dict[str, str]:
        """sha256 of each unit in a release's `files`, by its name."""
        return {unit: files[f"{FOLDER}/{unit}"] for unit in self.units}

    @property
    def started(self) -> tuple[str, ...]:
        """The units that are started, and start with the host: the rest these start."""
        return tuple(unit for unit in self.units if unit.endswith((".timer", ".socket")))

    def program_on(self, there: Mapping[str, str], files: Mapping[str, str]) -> dict[str, str]:
        """Of the files that a host has `there` (path -> sha256), those that its program is made of:
        whatever lies in the watch's folder beside the release's own `files`, since Python would
        import it. None for a release whose `files` have the program.
        """
        return {
            path: sha256
            for path, sha256 in there.items()
            if self.program and path.startswith(f"{FOLDER}/") and path not in files
            if _COMPILED not in path.split("/")
        }


def program_digest(files: Mapping[str, str]) -> str:
    """One sha256 for many files (path below the release -> sha256): of what sha256sum would print
    of them, in the order of their paths. Empty for none.
    """
    listing = "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files.items()))
    return hashlib.sha256(listing.encode()).hexdigest() if files else ""


def program_named(manifest: str) -> str:
    """The program's digest in a manifest's text; empty without one. YAML takes too long to read
    for a fleet's manifests.
    """
    found = _PROGRAM.search(manifest)
    return found[1] if found else ""
