"""Which model files a host has."""

from collections.abc import Iterable

from pyinfra.api import FactBase, QuoteString, StringCommand


class StoredSizes(FactBase[dict[str, int]]):
    """Returns the bytes of those of the given files that the host has, by path.

    Sizes, not digests: a file comes to its place only with the right digest, and reading hundreds
    of GiB again on each run would take minutes.
    """

    default = dict

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "for path in",
            *map(QuoteString, paths),
            '; do [ ! -f "$path" ] || echo "$(wc -c <"$path") $path"; done',
        )

    def process(self, output: Iterable[str]) -> dict[str, int]:
        pairs = (line.partition(" ") for line in output)
        return {path: int(size) for size, _, path in pairs if size.isdigit()}
