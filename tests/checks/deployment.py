"""A checkout with one committed environment, and a host on which exactly that is deployed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploys.catalogue.store import READ_BYTES
from deploys.render.release import Release
from tests.checks.fake_docker import COMMAND, FakeDocker, FakeEngine, container
from tests.render.gateway_files import gateway_files, write_files
from tests.render.plans import small_plan

ENVIRONMENT = "lab"
HOST = "localhost"
KEY = "key-of-the-lab"
REVISION = "5" * 64
# Too large to be read at every look.
WEIGHTS = b"GGUF and then some".ljust(READ_BYTES + 1)
GPU_REPLICA, GPU = "chat-1", "nvidia.com/gpu=0"
REPLICAS = {"chat-1": "172.18.0.11", "chat-2": "172.18.0.12"}

_INVENTORY = """\
lab = [("@local", {"directory": ".homeport/lab"})]
gpu_hosts = ["@local"]
gateways = ["@local"]
"""
_PROJECTS = {"gpu_hosts": tuple(REPLICAS), "gateways": ("nginx",)}
_IMAGES = {"llamacpp": "homeport/llamacpp:aaa", "nginx": "homeport/nginx:bbb"}


@dataclass
class Deployment:
    """The checkout, the host's directory below it, and the host's Docker."""

    root: Path
    directory: Path
    release: Release
    docker: FakeDocker

    @property
    def current(self) -> Path:
        """The folder of the current release on the host."""
        return self.directory / "current"

    @property
    def model(self) -> Path:
        """The model's file on the host."""
        file = self.release.models[0].files[0]
        return self.directory / "models" / file.sha256 / file.name

    def drain(self, replica: str, kind: str) -> None:
        """Leaves a mark on the gateway."""
        folder = self.directory / "state" / "gateway" / "drained"
        words = '{"who": "op@desk", "reason": "a noisy fan"}\n'
        write_files({f"{replica}.{kind}": words}, folder)

    def commit(self, **changes: object) -> None:
        """Changes the committed manifest only: the host stays as it is."""
        _commit(self.root, self.release.model_copy(update=changes))


def deploy(root: Path, listen: str = "127.0.0.1:1") -> Deployment:
    """Writes the whole deployment below `root`; its gateway listens on `listen`."""
    files = {f"{role}/compose.yaml": _compose(role) for role in _PROJECTS}
    files["nginx/nginx.conf"] = "events {}\n"
    release = _release(files, listen)
    directory = root / ".homeport" / ENVIRONMENT
    _write_checkout(root, release, files)
    _write_host(root, directory, release, files)
    deployment = Deployment(root, directory, release, _docker(root, release))
    deployment.docker.write()
    return deployment


def _release(files: dict[str, str], listen: str) -> Release:
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    file = {"name": "tiny.gguf", "size_bytes": len(WEIGHTS), "sha256": digest}
    document = {
        "environment": ENVIRONMENT,
        "host": HOST,
        "release": "0123456789ab",
        "network": "homeport-lab",
        "files": {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()},
        "images": [
            {"name": name, "reference": reference, "build": {"context": name}}
            for name, reference in _IMAGES.items()
        ],
        "models": [{"name": "tiny", "source": "generated:tiny", "files": [file]}],
        "projects": [
            {"role": role, "name": f"homeport-lab-{role}", "services": _labels(services)}
            for role, services in _PROJECTS.items()
        ],
        "replicas": [planned(name) for name in REPLICAS],
        "engines": None,
        "gateway": _gateway(listen),
    }
    return Release.model_validate(document, strict=False)


def planned(name: str, **changes: object) -> dict[str, object]:
    """What is expected of a replica in RAM."""
    parts = {"weights": 0.555, "kv_cache": 4.0, "compute_buffer": 0.85}
    device = {"device": "CPU", "expected_mib": parts, "upper_mib": {**parts, "compute_buffer": 0.9}}
    replica = {"name": name, "engine": "llamacpp", "version": "b11669", "model": "tiny"}
    return {**replica, "devices": [device], **changes}


def _gateway(listen: str) -> dict[str, object]:
    return {
        "service": "nginx",
        "image": _IMAGES["nginx"],
        "revision": REVISION,
        "admin_port": 8081,
        "listen": listen,
        "engines": {},
        "clients": {"tester": {"key": "file:.homeport/lab.key"}},
        "limits": {"body_limit_mib": 4, "anonymous": {"burst": 3}, "tiers": {}},
    }


def _labels(services: tuple[str, ...]) -> dict[str, str]:
    return {service: hashlib.sha256(service.encode()).hexdigest() for service in services}


def _compose(role: str) -> str:
    services: dict[str, dict[str, Any]] = {
        name: {
            "image": _image(role),
            "command": COMMAND,
            "labels": {"homeport.pool": "chat"},
            "mem_limit": "512m",
        }
        for name in _PROJECTS[role]
    }
    if GPU_REPLICA in services:
        devices = [{"driver": "cdi", "device_ids": [GPU], "capabilities": ["gpu"]}]
        services[GPU_REPLICA]["deploy"] = {"resources": {"reservations": {"devices": devices}}}
    return yaml.safe_dump({"services": services})


def _image(role: str) -> str:
    return _IMAGES["llamacpp" if role == "gpu_hosts" else "nginx"]


def _commit(root: Path, release: Release) -> None:
    text = yaml.safe_dump(release.model_dump(mode="json"), sort_keys=False)
    (root / "compose" / ENVIRONMENT / HOST / "release.yaml").write_text(text)


def _write_checkout(root: Path, release: Release, files: dict[str, str]) -> None:
    for folder in ("inventories", "deploys", ".homeport"):
        (root / folder).mkdir()
    (root / "inventories" / "lab.py").write_text(_INVENTORY)
    key = root / ".homeport" / "lab.key"
    key.touch(0o600)
    key.write_text(f"{KEY}\n")
    write_files(gateway_files(small_plan()), root / "nginx" / ENVIRONMENT / HOST)
    composed = {path: text for path, text in files.items() if not path.startswith("nginx/")}
    write_files(composed, root / "compose" / ENVIRONMENT / HOST)
    _commit(root, release)


def _write_host(root: Path, directory: Path, release: Release, files: dict[str, str]) -> None:
    manifest = (root / "compose" / ENVIRONMENT / HOST / "release.yaml").read_text()
    place = directory / "releases" / release.release
    write_files({**files, "release.yaml": manifest}, place)
    (directory / "current").symlink_to(f"releases/{release.release}")
    (directory / "gateway").mkdir()
    (directory / "gateway" / "current").symlink_to(f"../releases/{release.release}/nginx")
    model = release.models[0].files[0]
    folder = directory / "models" / model.sha256
    folder.mkdir(parents=True)
    (folder / model.name).write_bytes(WEIGHTS)


def _docker(root: Path, release: Release) -> FakeDocker:
    containers = {}
    for project in release.projects:
        image = _image(project.role)
        for service, config in project.services.items():
            labels = {"homeport.environment": ENVIRONMENT, "homeport.config-sha256": config}
            raw = container(project.name, service, image, f"sha256:{image}", labels)
            address = REPLICAS.get(service, "172.18.0.2")
            raw["NetworkSettings"]["Networks"] = {release.network: {"IPAddress": address}}
            containers[service] = raw
    request = {"Driver": "cdi", "Count": 0, "DeviceIDs": [GPU]}
    containers[GPU_REPLICA]["HostConfig"]["DeviceRequests"] = [request]
    # The admin listener: loopback, always allowed.
    ports = {"8081/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}]}
    containers["nginx"]["NetworkSettings"]["Ports"] = ports
    return FakeDocker(
        folder=root / "docker-program",
        containers=containers,
        images={reference: f"sha256:{reference}" for reference in _IMAGES.values()},
        network=release.network,
        revision=REVISION,
        engines={name: FakeEngine() for name in REPLICAS},
    )
