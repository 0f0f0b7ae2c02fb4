"""What apt on a host knows: its mirror, its candidates, and the settings a site gave it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand

from deploys.facts.apt_sources import debian_mirror, parse_sources
from deploys.questions.packages import parse_candidates

# What a site sets so that its mirror can be reached or believed. Proxy-Auto-Detect is left out: it
# names a program of the host. Everything else in apt's configuration is the host's own business.
_SITE_SETTING = re.compile(
    r"^Acquire::(https?::(Proxy(::\S+)?|Verify-Peer|Verify-Host|Timeout)|Check-Valid-Until|"
    r"Check-Date|Max-FutureTime|Min-ValidTime|Max-ValidTime|Retries|ForceIPv4|ForceIPv6)"
    r' "(?P<value>[^"]+)";$'
)


@dataclass(frozen=True)
class AptSite:
    """What images built on a host need to use the package source that the host uses."""

    debian_mirror: str | None
    """URI of the Debian archive; None on another distribution, or without an http(s) source."""
    settings: str
    """apt.conf lines: proxies and the checks that the site switched off."""


class AptSettings(FactBase[AptSite]):
    """Returns the mirror and the settings that apt uses on the host."""

    @staticmethod
    def default() -> AptSite:
        return AptSite(None, "")

    def command(self) -> str:
        return (
            "for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list "
            '/etc/apt/sources.list.d/*.sources; do if [ -r "$file" ]; then '
            'echo "=== $file"; cat "$file"; echo; fi; done; '
            "echo '=== os-release'; cat /etc/os-release; "
            "echo '=== apt-config'; apt-config dump 2>/dev/null || true"
        )

    def process(self, output: Iterable[str]) -> AptSite:
        files = _split(output)
        settings = site_settings(files.pop("apt-config", ""))
        system = files.pop("os-release", "")
        if not re.search(r"^ID=\"?debian\"?$", system, re.MULTILINE):
            return AptSite(None, settings)
        return AptSite(debian_mirror(parse_sources(files)), settings)


class AptCandidates(FactBase[dict[str, str]]):
    """Returns the version that apt would install, by package; packages it lacks are left out."""

    default = dict

    def command(self, packages: tuple[str, ...]) -> StringCommand:
        names = map(QuoteString, packages)
        return StringCommand("LC_ALL=C apt-cache policy", *names, "2>/dev/null || true")

    def process(self, output: Iterable[str]) -> dict[str, str]:
        return parse_candidates(output)


def site_settings(dump: str) -> str:
    """The lines of `apt-config dump` that an image needs too."""
    kept = [line for line in dump.splitlines() if _SITE_SETTING.match(line)]
    return "".join(f"{line}\n" for line in kept)


def _split(output: Iterable[str]) -> dict[str, str]:
    """Sections that begin with `=== NAME` -> their text, in order."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in output:
        if line.startswith("=== "):
            current = sections.setdefault(line.removeprefix("=== "), [])
        else:
            current.append(line)
    return {name: "\n".join(lines) for name, lines in sections.items()}
