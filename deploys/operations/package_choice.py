"""Which version of a package fits what the inventory says: decisions, no host touched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deploys.operations.docker_choice import Refusal
from deploys.questions.packages import Package

NOTHING = Package()


@dataclass(frozen=True)
class Source:
    """A package source that the kit adds to a host."""

    name: str
    """Of its files on the host: `homeport-docker`."""
    uri: str
    suite: str
    """A path (`/`) or a suite of the archive (`bookworm`); only the latter has components."""
    components: str = ""


def source_text(source: Source) -> str:
    """Its deb822 file (sources.list(5)); `Signed-By` lets no other key sign it."""
    components = f"Components: {source.components}\n" if source.components else ""
    return (
        "# Homeport: written by its deploys, changed by nothing else.\n"
        f"Types: deb\nURIs: {source.uri}\nSuites: {source.suite}\n{components}"
        f"Architectures: amd64\nSigned-By: /etc/apt/keyrings/{source.name}.asc\n"
    )


def fits(version: str, wanted: str | None) -> bool:
    """Whether a package's version is the wanted one, or begins with it where a part of it ends.

    `5:28.5.2-1~debian.12~bookworm` fits `28.5.2`, `28`, and itself, but not `28.5.20` or `8`;
    `28.5.2~rc.1` comes before it, and is not it.
    """
    if not version or wanted is None:
        return bool(version)
    upstream = version if ":" in wanted else version.partition(":")[2] or version
    rest = upstream.removeprefix(wanted)
    return upstream.startswith(wanted) and not re.match(r"[A-Za-z0-9~]", rest)


def chosen(
    wanted: Mapping[str, str | None], packages: dict[str, Package]
) -> dict[str, str] | Refusal:
    """The version to install of each package; refused with those there are when none fits."""
    versions = {}
    for name, version in wanted.items():
        package = packages.get(name, NOTHING)
        # apt's own choice first: it considers pins, and is the newest of equals.
        offers = [package.candidate, *package.known]
        found = next((offer for offer in offers if fits(offer, version)), None)
        if found is None:
            return _unknown(name, version, package)
        versions[name] = found
    return versions


def is_there(wanted: Mapping[str, str | None], packages: dict[str, Package]) -> bool:
    """Whether every package is installed at a version that fits."""
    return all(
        fits(packages.get(name, NOTHING).installed, version) for name, version in wanted.items()
    )


def missing_holds(wanted: Mapping[str, object], packages: dict[str, Package]) -> tuple[str, ...]:
    """What is installed of `wanted` and not held."""
    installed = {name: packages.get(name, NOTHING) for name in wanted}
    return tuple(name for name, one in installed.items() if one.installed and not one.held)


def _unknown(name: str, version: str | None, package: Package) -> Refusal:
    if not package.known:
        return Refusal(f"apt knows no package {name}", "see `apt-get update` on the host")
    shown = ", ".join(package.known[:5])
    return Refusal(f"apt knows no {name} {version}", f"versions there are: {shown}")
