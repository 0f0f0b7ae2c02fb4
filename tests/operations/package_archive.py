"""A signed package archive of tiny packages, made on a bare host with dpkg-deb, apt and gpg.

The packages are stand-ins: they have the names and versions of real ones and hold next to nothing.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.bare_host import BareHost

ARCHIVES = "/srv/archives"


@dataclass(frozen=True)
class StandIn:
    """One package."""

    name: str
    version: str
    fields: str = ""
    """More lines of its control file: `Depends: …`."""
    files: dict[str, str] = field(default_factory=dict)
    """Absolute path -> text; executable."""


def prepare(bare: BareHost) -> None:
    """Has what archives are made with."""
    bare.run(
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes "
        "--no-install-recommends gnupg apt-utils xz-utils >/dev/null"
    )


def make_key(bare: BareHost, owner: str, destination: Path) -> None:
    """Makes a signing key and lays its public half, armoured, in `destination`."""
    identity = f"{owner} <{owner}@archive.example>"
    bare.run(
        f"gpg --batch --passphrase '' --quick-generate-key {shlex.quote(identity)} rsa3072 sign 1d"
    )
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(bare.run(f"gpg --export --armor {owner}@archive.example") + "\n")


def publish(
    bare: BareHost, folder: str, packages: Sequence[StandIn], signer: str, suite: str = ""
) -> None:
    """Publishes the packages in ARCHIVES/folder: flat, or as a suite with component `stable`."""
    root = f"{ARCHIVES}/{folder}"
    lists = f"dists/{suite}/stable/binary-amd64" if suite else "."
    release = f"dists/{suite}" if suite else "."
    name = "-o APT::FTPArchive::Release"
    fields = f"{name}::Components=stable {name}::Suite={suite}" if suite else ""
    signed = f"gpg --batch --yes --local-user {signer}@archive.example --clearsign"
    bare.run(f"rm -rf {root} && mkdir -p {root}/{lists} {root}/pool")
    bare.run("\n".join(["set -e", *(_build(package, f"{root}/pool") for package in packages)]))
    bare.run(
        f"set -e; cd {root}; apt-ftparchive packages pool >{lists}/Packages; cd {release}; "
        f"apt-ftparchive {fields} release . >/tmp/Release; mv /tmp/Release Release; "
        f"{signed} --output InRelease Release"
    )


def _build(package: StandIn, pool: str) -> str:
    """Shell that builds one package into the pool."""
    control = (
        f"Package: {package.name}\nVersion: {package.version}\nArchitecture: amd64\n"
        f"Maintainer: Nobody <nobody@archive.example>\nDescription: stand-in\n{package.fields}"
    )
    lines = ["rm -rf /tmp/stand-in; mkdir -p /tmp/stand-in/DEBIAN"]
    for path, text in {"/DEBIAN/control": f"{control.rstrip()}\n", **package.files}.items():
        place = shlex.quote(f"/tmp/stand-in{path}")
        lines.append(f"mkdir -p $(dirname {place}); printf %s {shlex.quote(text)} >{place}")
        if path != "/DEBIAN/control":
            lines.append(f"chmod 755 {place}")
    file = f"{package.name}_{package.version.replace(':', '_')}.deb"
    lines.append(f"dpkg-deb --root-owner-group --build /tmp/stand-in {pool}/{file} >/dev/null")
    return "\n".join(lines)
