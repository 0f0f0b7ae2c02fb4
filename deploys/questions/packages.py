"""Packages on a host and in its package sources, as dpkg and apt tell them."""

import shlex
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = "${Package}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\n"


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


def question(packages: tuple[str, ...], patterns: tuple[str, ...] = ()) -> str:
    """sh: what dpkg and apt know; `patterns` (dpkg's wildcards) add what is installed and fits."""
    names = shlex.join(packages)
    wanted = shlex.join((*packages, *patterns))
    known = f"LC_ALL=C apt-cache policy {names} 2>/dev/null; echo '=== known'; " if packages else ""
    known += f"LC_ALL=C apt-cache madison {names} 2>/dev/null || true" if packages else "true"
    return (
        f"echo '=== installed'; dpkg-query --show --showformat {shlex.quote(_SHOWN)} {wanted} "
        f"2>/dev/null; echo '=== policy'; {known}"
    )


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


def parse_candidates(output: Iterable[str]) -> dict[str, str]:
    """`apt-cache policy` -> candidate version by package."""
    candidates: dict[str, str] = {}
    package = ""
    for line in output:
        if line and not line[0].isspace():
            package = line.rstrip(":").strip()
        elif line.strip().startswith("Candidate:"):
            version = line.split(":", 1)[1].strip()
            if version != "(none)":
                candidates[package] = version
    return candidates


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
