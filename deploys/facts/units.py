"""What systemd says of a unit."""

from collections.abc import Iterable

from pyinfra.api import FactBase, QuoteString, StringCommand


class UnitIsActive(FactBase[bool]):
    """Returns whether a unit has been started and has not failed; False without systemd."""

    default = bool

    def command(self, unit: str) -> StringCommand:
        return StringCommand("systemctl is-active", QuoteString(unit), "2>/dev/null || true")

    def process(self, output: Iterable[str]) -> bool:
        return "active" in list(output)
