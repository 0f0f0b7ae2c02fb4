"""What a release says about the watch on its host."""

from collections.abc import Mapping

from deploys.settings.client import SecretReference
from deploys.settings.words import Frozen

# Where a release has it: the program, what it is to know, its units.
FOLDER = "watch"


class WatchRelease(Frozen):
    """What the deploy needs to have systemd run it; its files are the release's."""

    units: tuple[str, ...]
    """Files of the release's folder `watch` that systemd gets, the timer first."""
    look_seconds: int
    webhook: SecretReference | None = None

    def digests(self, files: Mapping[str, str]) -> dict[str, str]:
        """sha256 of each unit in a release's `files`, by its name."""
        return {unit: files[f"{FOLDER}/{unit}"] for unit in self.units}

    @property
    def started(self) -> tuple[str, ...]:
        """The units that are started, and start with the host: the rest these start."""
        return tuple(unit for unit in self.units if unit.endswith((".timer", ".socket")))
