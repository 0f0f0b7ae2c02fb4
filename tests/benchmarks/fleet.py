"""A fleet to measure on: SSH names of a few lab hosts, each name with a folder of its own.

A name is to pyinfra and Ansible what a host is: a connection of its own, its own facts, its own
files. What a name does not have is a processor of its own, so wall time on many names is longer
than on as many hosts, for both tools alike.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from deploys.history.kept import fleet_name
from deploys.render.release import Release
from tests.lab import keys
from tests.lab.inventory import assignments, connection_data
from tests.lab.lab import Lab
from tests.lab.machine import ROOT

ENVIRONMENT = "bench"
FOLDER = "/srv/bench"
RELEASE = "0123456789ab"
# What a run leaves that stays: not the line that each run adds to the audit log.
_FIND = f"mkdir -p {FOLDER} && cd {FOLDER} && find . ! -name audit.log"
# The kit's own way of an apply, without what needs Docker on the host.
SITE = """\
from pyinfra import local

local.include("deploys/lock.py")
local.include("deploys/releases.py")
local.include("deploys/switch.py")
local.include("deploys/prune.py")
"""


@dataclass(frozen=True)
class Fleet:
    """So many names, in a folder that both tools run in."""

    lab: Lab
    root: Path
    addresses: dict[str, str]
    """Name -> address of the lab host behind it."""

    def forget(self) -> None:
        """Takes everything off the hosts: what comes next is a full apply."""
        for host in self.lab.hosts:
            host.run(f"rm -rf {FOLDER}")

    @property
    def name(self) -> str:
        """The kit's name for all releases of the fleet together."""
        return fleet_name(dict.fromkeys(self.addresses, RELEASE))

    def left(self) -> str:
        """Every folder, file and link on the hosts, with owner, mode, target and content."""
        shown = f"{_FIND} -printf '%p %y %m %u %l\\n' | sort"
        content = f"{_FIND} -type f -exec sha256sum {{}} + | sort -k 2"
        return self._asked(f"{shown}; {content}")

    def stamps(self) -> str:
        """When each file and link was last changed; it differs after anything was written anew."""
        return self._asked(f"{_FIND} ! -type d -printf '%p %i %C@\\n' | sort")

    def _asked(self, command: str) -> str:
        return "\n".join(host.run(command) for host in self.lab.hosts)


def make_fleet(lab: Lab, root: Path, names: int) -> Fleet:
    """Writes inventory, group data and a release of real rendered files for each name."""
    hosts = lab.hosts
    addresses = {
        f"host{number + 1:02}": hosts[number % len(hosts)].address for number in range(names)
    }
    data = root / "inventories" / "group_data"
    data.mkdir(parents=True)
    shutil.copy(ROOT / "config.py", root)
    (root / "deploys").symlink_to(ROOT / "deploys")
    (root / "site.py").write_text(SITE)
    places = [
        (name, {"ssh_hostname": address, "directory": f"{FOLDER}/{name}"})
        for name, address in addresses.items()
    ]
    groups = {ENVIRONMENT: places, "gpu_hosts": list(addresses)}
    (root / "inventories" / f"{ENVIRONMENT}.py").write_text(assignments(groups))
    (data / f"{ENVIRONMENT}.py").write_text(assignments(connection_data(lab)))
    for name in addresses:
        write_release(root, ENVIRONMENT, name)
    return Fleet(lab, root, addresses)


def write_release(root: Path, environment: str, name: str) -> None:
    """Commits the rendered files of `local`, 15 of them, as a release of this name."""
    files = rendered_files()
    for path, text in files.items():
        folder = "nginx" if path.startswith("nginx/") else "compose"
        target = root / folder / environment / name / path.removeprefix("nginx/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
    release = Release(
        environment=environment, host=name, release=RELEASE, network="none",
        files={path: hashlib.sha256(text).hexdigest() for path, text in files.items()},
        images=(), models=(), projects=(), engines=None, gateway=None,
    )  # fmt: skip
    manifest = root / "compose" / environment / name / "release.yaml"
    manifest.write_text(yaml.safe_dump(release.model_dump(mode="json"), sort_keys=False))


def committed_files(root: Path, name: str) -> dict[str, bytes]:
    """Path below a name's release -> bytes, the manifest too: 16 files."""
    manifest = root / "compose" / ENVIRONMENT / name / "release.yaml"
    return {**rendered_files(), manifest.name: manifest.read_bytes()}


def rendered_files() -> dict[str, bytes]:
    """Path below a release -> bytes."""
    compose, nginx = ROOT / "compose/local/localhost", ROOT / "nginx/local/localhost"
    texts = {str(path.relative_to(compose)): path for path in compose.rglob("compose.yaml")}
    texts |= {f"nginx/{path.name}": path for path in nginx.iterdir()}
    return {path: file.read_bytes() for path, file in sorted(texts.items())}


def ssh_key(lab: Lab) -> Path:
    """What both tools log in with."""
    return keys.user_key(lab.name)
