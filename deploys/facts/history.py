"""Which releases a host keeps, and who holds its lock."""

import shlex

from pyinfra.api import FactBase, FactProcessError

from deploys.history import holder, kept
from deploys.history.holder import Holder
from deploys.history.kept import Kept


class KeptReleases(FactBase[Kept]):
    """What a host keeps of the releases that it has run; nothing where nothing was deployed."""

    default = Kept

    def command(self, directory: str) -> str:
        """One round trip."""
        return kept.question(directory)

    def process(self, output: list[str]) -> Kept:
        """The answer's lines."""
        try:
            return kept.parse_kept(output)
        except ValueError as error:
            raise FactProcessError(f"what releases are kept cannot be read: {error}") from error


class Standing(FactBase[tuple[str, Holder | None]]):
    """The release that is current on a host, and who holds its lock; None when it is free."""

    @staticmethod
    def default() -> tuple[str, None]:
        """Taking the lock looks again, and does not rely on this."""
        return "", None

    def command(self, directory: str) -> str:
        """One round trip, because every run asks every host."""
        current = shlex.quote(f"{directory}/current")
        return f'echo "$(readlink {current})"; {holder.question(directory)}'

    def process(self, output: list[str]) -> tuple[str, Holder | None]:
        """The link's target, then times and text of the lock."""
        return output[0].rpartition("/")[2] if output else "", holder.read_lock(output[1:])
