"""What the containers of monitors and exporters have in common, and in what they differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.plan.plan import HostPlan, Plan
from deploys.render.engines.service import Argument
from deploys.settings.image import ImageName
from deploys.settings.words import bracketed

# The gateway's uid: one that owns nothing else on a host.
USER = "10001:10001"


@dataclass(frozen=True)
class Mount:
    """Of the host, into the container."""

    source: str
    target: str
    read_only: bool = True
    propagation: str = ""


@dataclass(frozen=True)
class Watcher:
    """The parts of a Compose service that differ between monitors and exporters."""

    name: str
    image: ImageName
    words: str
    """What it is for."""
    arguments: tuple[Argument, ...]
    health: tuple[str, ...]
    memory_mib: int
    networks: tuple[str, ...]
    published: str = ""
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = USER
    devices: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Files beside its Compose file, by how their paths begin."""


def published(plan: Plan, host: HostPlan, port: int, inside: int) -> str:
    """On the host's own address where another host watches; else on Docker's network alone."""
    elsewhere = any(one.is_monitor and one.name != host.name for one in plan.hosts)
    return f"{bracketed(host.address)}:{port}:{inside}" if elsewhere else ""


def fetched(port: int, path: str) -> tuple[str, ...]:
    """By busybox, which these images have."""
    return ("wget", "--quiet", "--spider", f"http://127.0.0.1:{port}{path}")
