"""What was reviewed: the releases in the checkout, with nothing evaluated again."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from deploys.questions.engine_answers import RANK_LABEL
from deploys.render.release import Release
from deploys.render.release_text import release_of
from deploys.render.roles import MONITORING
from deploys.render.watch_program import committed_program
from deploys.settings.docker import Docker
from deploys.settings.inventory import InventoryHost, read_inventory
from deploys.settings.nvidia import Nvidia
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen
from deploys.settings.yaml_text import parsed

Words = TypeVar("Words", bound=Frozen)

_UNITS_BYTES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


@dataclass(frozen=True)
class Replica:
    """One engine container that the commit asks for."""

    host: str
    name: str
    pool: str
    memory_limit_bytes: int


@dataclass(frozen=True)
class Committed:
    """One host and what the commit says it runs."""

    host: InventoryHost
    release: Release
    manifest_sha256: str
    replicas: tuple[Replica, ...]
    services: Mapping[str, Mapping[str, Any]]
    """Service -> its definition in a rendered compose.yaml."""
    networks: Mapping[str, Mapping[str, Any]]
    """Of the gateway's Compose project, as it calls them -> definition."""
    nginx: Path
    """Folder of the gateway's rendered files, whether there is one or not."""
    docker: Docker
    nvidia: Nvidia
    program: Mapping[str, str] = field(default_factory=dict)
    """Path below the release -> sha256 of the watch's program; empty where this kit has another
    one than the commit, so that its digest alone is known."""


def read_committed(root: Path, environment: str) -> tuple[Committed, ...]:
    """Every host of the environment, sorted by name; raises Refused with every complaint."""
    complaints: list[Complaint] = []
    found = []
    for host in read_inventory(root, environment).hosts:
        try:
            found.append(_read(root, environment, host))
        except Refused as refused:
            complaints += refused.complaints
    if complaints:
        raise Refused(complaints)
    return tuple(found)


def gateway_projects(committed: Iterable[Committed]) -> Iterator[tuple[InventoryHost, str]]:
    """Host and Compose project of each gateway."""
    for one in committed:
        for project in one.release.projects:
            if project.role == "gateways":
                yield one.host, project.name


def _read(root: Path, environment: str, host: InventoryHost) -> Committed:
    folder = root / "compose" / environment / host.name
    name = str((folder / "release.yaml").relative_to(root))
    hint = f"homeport render {environment}"
    try:
        text = (folder / "release.yaml").read_bytes()
        release = release_of(parsed(text, name, hint), name)
        engines = _services(folder / "gpu_hosts" / "compose.yaml")
        replicas = _replicas(engines, host.name)
        gateway = folder / "gateways" / "compose.yaml"
        services = {**engines, **_services(gateway)}
        for role in (*MONITORING, "vector_stores"):
            services |= _services(folder / role / "compose.yaml")
        networks = _part(gateway, "networks")
    except OSError as error:
        missing = str(Path(error.filename).relative_to(root))
        raise Refused([Complaint(missing, "", f"cannot be read: {error.strerror}", hint)]) from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise Refused([Complaint(name, "", f"is not what render writes: {error}", hint)]) from None
    docker, nvidia = _words(host, "docker", Docker), _words(host, "nvidia", Nvidia)
    digest = hashlib.sha256(text).hexdigest()
    nginx = root / "nginx" / environment / host.name
    program = committed_program(release.watch)
    return Committed(
        host, release, digest, replicas, services, networks, nginx, docker, nvidia, program
    )


def _words(host: InventoryHost, key: str, model: type[Words]) -> Words:
    try:
        return model.model_validate(host.data.get(key, {}), strict=True)
    except ValidationError as error:
        raise Refused(complaints_of(error, "inventories", model, f"{host.name}.{key}")) from None


def _services(file: Path) -> Mapping[str, Mapping[str, Any]]:
    return _part(file, "services")


def _part(file: Path, name: str) -> Mapping[str, Mapping[str, Any]]:
    # A host without the role has no such file; a host that should have one fails by its manifest.
    if not file.parent.is_dir():
        return {}
    part: Mapping[str, Mapping[str, Any]] = yaml.safe_load(file.read_text()).get(name, {})
    return part


def _replicas(services: Mapping[str, Mapping[str, Any]], host: str) -> tuple[Replica, ...]:
    return tuple(
        Replica(host, name, service["labels"]["homeport.pool"], _bytes(service["mem_limit"]))
        for name, service in services.items()
        # A stand-in runs within a rollout alone.
        # Of a replica on several hosts the first rank alone answers.
        if "profiles" not in service and service["labels"].get(RANK_LABEL, "0") == "0"
    )


def _bytes(size: object) -> int:
    """Compose's way to write a size: `512m`, `2g`, or a number of bytes."""
    match = re.fullmatch(r"(\d+)([bkmg]?)b?", str(size).lower())
    if match is None:
        raise TypeError(f"mem_limit {size!r}")
    return int(match[1]) * _UNITS_BYTES[match[2]]
