"""What a deploy knows of a host: its committed release, read from the working directory.

A rollback brings another one, which it reads from the host; every deploy asks here and does not
see the difference.

Which environment a run is for is not among the things that pyinfra hands to a deploy. But it makes
each inventory file a group named after the file, so the environment is that one of the host's
groups that is a file in inventories/. Whatever does not fit is refused while pyinfra still
prepares, which is before any host is changed.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host

from deploys.history.kept import fleet_name
from deploys.operations.refusal_words import REFUSED
from deploys.render.release import Project, Release
from deploys.render.release_text import read_manifest
from deploys.settings.inventory import host_name
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.words import Role

DIRECTORY = "/srv/homeport"


@dataclass(frozen=True)
class RunRelease:
    """What a run brings to one host."""

    release: Release
    fleet: str
    """Name of the releases of all hosts together."""
    goes_back: bool = False


_INSTEAD: dict[str, RunRelease] = {}


def this_environment(host: Host) -> str:
    """The name of the inventory file that this run of pyinfra was given."""
    groups: list[str] = list(dict.fromkeys(host.groups))
    found = [group for group in groups if _inventory(group).is_file()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(found) or "none"
    raise _refused(
        host,
        [
            Complaint(
                "inventories",
                host.name,
                f"one of the host's groups must be a file in inventories/ (found: {known})",
                "run pyinfra from the repository root, and name no group after another environment",
            )
        ],
    )


def bring_instead(host: Host, kept: RunRelease) -> None:
    """Has this run bring a release to the host that is not the committed one."""
    _INSTEAD[host.name] = kept


def this_run(host: Host) -> RunRelease:
    """What this run brings to the host, and the fleet that it belongs to."""
    instead = _INSTEAD.get(host.name)
    if instead is not None:
        return instead
    return RunRelease(this_release(host), committed_fleet(this_environment(host)))


def this_release(host: Host) -> Release:
    """The release that this run brings to this host: the committed one, but in a rollback."""
    if host.name in _INSTEAD:
        return _INSTEAD[host.name].release
    try:
        return read_release(this_environment(host), host_name(host.name))
    except Refused as refused:
        raise _refused(host, list(refused.complaints)) from None


def this_project(host: Host, role: Role) -> Project | None:
    """The Compose project of one role; None where the host does not play it."""
    return next((one for one in this_release(host).projects if one.role == role), None)


def engines_project(host: Host) -> str:
    """The Compose project of a host's engines; a host that has none any more may still run some."""
    # As deploys/render/compose_project.py names it, after the environment as the network is.
    return f"{this_network(host)}-gpu_hosts"


def this_network(host: Host) -> str:
    """The Docker network on which the host's gateway and engines meet."""
    return this_release(host).network


def has_egress(host: Host) -> bool:
    """Whether this host has the way to the cloud, and so no other."""
    gateway = this_release(host).gateway
    return gateway is not None and gateway.egress is not None


def host_directory(host: Host) -> str:
    """The absolute path of the kit's folder on the host."""
    directory = Path(host.data.get("directory") or DIRECTORY)
    if directory.is_absolute():
        return str(directory)
    if host.name == "@local":
        return str(Path.cwd() / directory)
    found = f"{str(directory)!r} is relative, which fits this machine (@local) only"
    complaint = Complaint("inventories", f"{host.name}.directory", found, "an absolute path")
    raise _refused(host, [complaint])


def read_release(environment: str, name: str) -> Release:
    """The manifest of host `name`, proved against the files that it lists; raises Refused."""
    path = Path("compose", environment, name, "release.yaml")
    hint = f"homeport render {environment}"
    release = read_manifest(Path(), str(path), hint)
    complaints = _altered_files(release, hint)
    if complaints:
        raise Refused(complaints)
    return release


def committed_fleet(environment: str) -> str:
    """The name of what the commit gives to all hosts of an environment together."""
    return _fleet(Path("compose", environment).resolve())


@cache
def _fleet(folder: Path) -> str:
    # Not parsed as YAML: every host of a run asks, and a fleet has hundreds of manifests.
    found = {
        file.parent.name: re.search(r"^release: *['\"]?(\w+)", file.read_text(), re.MULTILINE)
        for file in folder.glob("*/release.yaml")
    }
    return fleet_name({name: match[1] for name, match in found.items() if match})


def committed_sources(release: Release) -> dict[str, str]:
    """Path below the release -> committed file, the manifest itself included."""
    compose = Path("compose", release.environment, release.host)
    nginx = Path("nginx", release.environment, release.host)
    return {
        path: str((nginx if path.startswith("nginx/") else compose) / path.removeprefix("nginx/"))
        for path in (*release.files, "release.yaml")
    }


def committed_files(release: Release) -> dict[str, str]:
    """Path below the release -> sha256, the manifest itself included."""
    manifest = committed_sources(release)["release.yaml"]
    return {**release.files, "release.yaml": _sha256(Path(manifest))}


def _altered_files(release: Release, hint: str) -> list[Complaint]:
    sources = committed_sources(release)
    return [
        Complaint(sources[path], "", f"is not what the manifest lists: {found}", hint)
        for path, sha256 in sorted(release.files.items())
        if (found := _difference(Path(sources[path]), sha256))
    ]


def _difference(path: Path, sha256: str) -> str:
    if not path.is_file():
        return "it is missing"
    return "" if _sha256(path) == sha256 else "its sha256 differs"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _inventory(group: str) -> Path:
    return Path("inventories", f"{group}.py")


def _refused(host: Host, complaints: list[Complaint]) -> DeployError:
    return DeployError("\n".join([f"{host.name}: {REFUSED}", *map(str, complaints)]))
