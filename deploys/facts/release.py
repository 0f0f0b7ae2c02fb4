"""Which releases lie on a host, and which one is switched on."""

from collections.abc import Sequence

from pyinfra.api import FactBase, QuoteString, StringCommand


class StagedFiles(FactBase[dict[str, str]]):
    """Path below a directory -> sha256 of the file; empty when there is no such directory."""

    default = dict

    def command(self, directory: str) -> StringCommand:
        """One round trip for the whole tree."""
        return StringCommand(
            "if [ -d", QuoteString(directory), "]; then cd", QuoteString(directory),
            "&& find . -type f -exec sha256sum {} +; fi",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str]:
        """Lines of sha256sum as a mapping."""
        pairs = (line.split("  ./", 1) for line in output if "  ./" in line)
        return {path: digest for digest, path in pairs}


class MissingFolders(FactBase[list[str]]):
    """Which of some folders below a directory are missing."""

    default = list

    def command(self, directory: str, folders: Sequence[str]) -> StringCommand:
        """One round trip for all of them."""
        names = StringCommand(*map(QuoteString, folders))
        quoted = QuoteString(directory)
        return StringCommand(
            "d=", quoted, "; for f in ", names, '; do [ -d "$d/$f" ] || echo "$f"; done',
            _separator="",
        )  # fmt: skip

    def process(self, output: list[str]) -> list[str]:
        """One name per line."""
        return [line for line in output if line]


class FileText(FactBase[str]):
    """A small text file's content; empty when it is missing."""

    default = str

    def command(self, path: str) -> StringCommand:
        """Missing is no error here."""
        return StringCommand("cat", QuoteString(path), "2>/dev/null || true")

    def process(self, output: list[str]) -> str:
        """The lines, joined again."""
        return "\n".join(output)


class LinkTargets(FactBase[dict[str, str]]):
    """Links below a directory -> what they point to, as it is written; those that exist."""

    default = dict

    def command(self, directory: str, links: Sequence[str]) -> StringCommand:
        """One round trip for all of them."""
        names = StringCommand(*map(QuoteString, links))
        return StringCommand(
            "d=", QuoteString(directory), "; for l in ", names,
            '; do if [ -L "$d/$l" ]; then echo "$l $(readlink "$d/$l")"; fi; done', _separator="",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str]:
        """`LINK TARGET` per line; the kit's links hold no blanks."""
        pairs = (line.partition(" ") for line in output)
        return {link: target for link, _, target in pairs if target}
