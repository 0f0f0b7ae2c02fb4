"""Packages on a host and in its package sources, as dpkg and apt tell them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand

from deploys.facts.apt import parse_candidates


@dataclass(frozen=True)
class Package:
    """One package; texts are empty where there is none."""

    installed: str = ""
    """The version that is installed, configured or not."""
    held: bool = False
    candidate: str = ""
    """The version that apt would install, pins considered."""
    known: tuple[str, ...] = ()
    """Every version that a package source has, newest first."""


class Packages(FactBase[dict[str, Package]]):
    """Returns packages by name; those that are neither installed nor known are left out."""

    default = dict

    def command(self, packages: tuple[str, ...], patterns: tuple[str, ...] = ()) -> StringCommand:
        """`patterns` (dpkg's wildcards) add to the result what is installed and fits."""
        names = tuple(map(QuoteString, packages))
        wanted = (*names, *map(QuoteString, patterns))
        shown = QuoteString("${Package}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\n")
        return StringCommand(
            *("echo '=== installed'; dpkg-query --show --showformat", shown, *wanted),
            *("2>/dev/null; echo '=== policy'; LC_ALL=C apt-cache policy", *names),
            *("2>/dev/null; echo '=== known'; LC_ALL=C apt-cache madison", *names),
            "2>/dev/null || true",
        )

    def process(self, output: Iterable[str]) -> dict[str, Package]:
        return parse_packages(output)


def parse_packages(output: Iterable[str]) -> dict[str, Package]:
    """What dpkg-query, `apt-cache policy` and `apt-cache madison` say -> packages by name."""
    sections: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in output:
        if line.startswith("=== "):
            section = line.removeprefix("=== ")
        else:
            sections[section].append(line)
    installed = _installed(sections["installed"])
    candidates = parse_candidates(sections["policy"])
    known = _known(sections["known"])
    return {
        name: Package(
            *installed.get(name, ("", False)), candidates.get(name, ""), known.get(name, ())
        )
        for name in sorted({*installed, *candidates, *known})
    }


def _installed(lines: Iterable[str]) -> dict[str, tuple[str, bool]]:
    rows = (line.split("\t") for line in lines if line.count("\t") == 3)
    absent = ("not-installed", "config-files")
    return {row[0]: (row[1], row[2] == "hold") for row in rows if row[3] not in absent}


def _known(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    versions: dict[str, dict[str, None]] = defaultdict(dict)
    for line in lines:
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 3 and columns[2].endswith("Packages"):
            versions[columns[0]][columns[1]] = None
    return {name: tuple(found) for name, found in versions.items()}
