"""What stands in a few files of a host, by digest."""

from collections.abc import Iterable

from pyinfra.api import FactBase, QuoteString, StringCommand


class FileDigests(FactBase[dict[str, str]]):
    """Returns the sha256 of each file by its path; those that are missing are left out."""

    default = dict

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        return StringCommand("sha256sum --", *map(QuoteString, paths), "2>/dev/null || true")

    def process(self, output: Iterable[str]) -> dict[str, str]:
        """`SHA256  PATH` or, in binary mode, `SHA256 *PATH`."""
        rows = (line.split(None, 1) for line in output)
        return {row[1].removeprefix("*"): row[0] for row in rows if len(row) == 2}


class SourceFiles(FactBase[list[str]]):
    """Returns the files of apt's sources that name a package source, by its URI."""

    default = list

    def command(self, uri: str) -> StringCommand:
        bare = uri.rstrip("/")
        return StringCommand(
            "grep --files-with-matches --fixed-strings --",
            QuoteString(bare),
            "/etc/apt/sources.list /etc/apt/sources.list.d/*.list",
            "/etc/apt/sources.list.d/*.sources 2>/dev/null || true",
        )

    def process(self, output: Iterable[str]) -> list[str]:
        return sorted(output)


class Owner(FactBase[int | None]):
    """Returns the uid that owns a file or folder; None when it is missing."""

    @staticmethod
    def default() -> None:
        return None

    def command(self, path: str) -> StringCommand:
        return StringCommand("stat --format %u --", QuoteString(path), "2>/dev/null || true")

    def process(self, output: Iterable[str]) -> int | None:
        return next((int(line) for line in output if line.isdecimal()), None)
