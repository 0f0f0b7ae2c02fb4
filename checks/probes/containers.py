"""The environment's containers on a host, as `docker container inspect` shows them."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENVIRONMENT = "homeport.environment"
CONFIG = "homeport.config-sha256"
POOL = "homeport.pool"
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


@dataclass(frozen=True)
class Published:
    """One port of a container that the host listens on."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only the host itself can reach it."""
        return self.address == "::1" or self.address.startswith("127.")

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


@dataclass(frozen=True)
class Container:
    """What the checks judge of one container."""

    id: str
    name: str
    labels: Mapping[str, str]
    status: str
    health: str | None
    """None: the container has no health check."""
    restart_count: int
    oom_killed: bool
    exit_code: int
    image: str
    """The reference it was started from."""
    image_id: str
    command: tuple[str, ...]
    user: str
    privileged: bool
    read_only: bool
    security_options: tuple[str, ...]
    added_capabilities: tuple[str, ...]
    dropped_capabilities: tuple[str, ...]
    host_namespaces: tuple[str, ...]
    """Which of network, pid, ipc, userns it shares with the host."""
    mounts: tuple[str, ...]
    """Paths of the host that it sees."""
    published: tuple[Published, ...]
    addresses: tuple[str, ...]
    """Its own addresses on Docker's networks."""
    memory_limit_bytes: int
    """0: no limit."""
    inspected: Mapping[str, Any]
    """All that `docker container inspect` says."""

    @property
    def project(self) -> str:
        """Compose project; empty for a container that Compose did not start."""
        return self.labels.get(PROJECT, "")

    @property
    def service(self) -> str:
        """Compose service, or the container's name where Compose did not start it."""
        return self.labels.get(SERVICE, self.name)


def listing(environment: str, projects: Sequence[str]) -> str:
    """sh: every container with the environment's label, or in one of its Compose projects."""
    labels = [f"{ENVIRONMENT}={environment}", *(f"{PROJECT}={name}" for name in projects)]
    asks = "; ".join(
        f"docker ps --all --quiet --no-trunc --filter {shlex.quote(f'label={label}')}"
        for label in labels
    )
    return (
        f"ids=$( {{ {asks}; }} 2>/dev/null | sort -u ); "
        'if [ -n "$ids" ]; then docker container inspect $ids 2>/dev/null; else echo "[]"; fi'
    )


def containers(text: str) -> tuple[Container, ...]:
    """What `listing` printed; ValueError when it is no JSON. Sorted by project and service."""
    found = [_container(raw) for raw in json.loads(text or "[]")]
    return tuple(sorted(found, key=lambda item: (item.project, item.service, item.name)))


def _container(raw: Mapping[str, Any]) -> Container:
    state, config, host = raw["State"], raw["Config"], raw["HostConfig"]
    return Container(
        id=raw["Id"],
        name=raw["Name"].removeprefix("/"),
        labels=config.get("Labels") or {},
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status"),
        restart_count=int(raw.get("RestartCount") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        exit_code=int(state.get("ExitCode") or 0),
        image=config.get("Image", ""),
        image_id=raw.get("Image", ""),
        command=(raw.get("Path", ""), *(raw.get("Args") or ())),
        user=config.get("User") or "",
        mounts=tuple(mount.get("Source", "") for mount in raw.get("Mounts") or ()),
        published=_published(raw),
        addresses=_addresses(raw),
        inspected=raw,
        **_limits(host),
    )


def _limits(host: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "privileged": bool(host.get("Privileged")),
        "read_only": bool(host.get("ReadonlyRootfs")),
        "security_options": tuple(host.get("SecurityOpt") or ()),
        "added_capabilities": tuple(host.get("CapAdd") or ()),
        "dropped_capabilities": tuple(host.get("CapDrop") or ()),
        "host_namespaces": _host_namespaces(host),
        "memory_limit_bytes": int(host.get("Memory") or 0),
    }


def _host_namespaces(host: Mapping[str, Any]) -> tuple[str, ...]:
    modes = {
        "network": "NetworkMode",
        "pid": "PidMode",
        "ipc": "IpcMode",
        "userns": "UsernsMode",
    }
    return tuple(name for name, key in modes.items() if host.get(key) == "host")


def _published(raw: Mapping[str, Any]) -> tuple[Published, ...]:
    ports = (raw.get("NetworkSettings") or {}).get("Ports") or {}
    return tuple(
        # Docker leaves the address out where it means every one.
        Published(binding.get("HostIp") or "0.0.0.0", int(binding["HostPort"]))  # noqa: S104
        for bindings in ports.values()
        for binding in bindings or ()
    )


def _addresses(raw: Mapping[str, Any]) -> tuple[str, ...]:
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    found = (network.get(key) for network in networks.values() for key in _ADDRESS_KEYS if network)
    return tuple(address for address in found if address)


_ADDRESS_KEYS = ("IPAddress", "GlobalIPv6Address")
