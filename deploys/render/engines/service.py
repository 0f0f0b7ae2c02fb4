"""What an engine's container is given, whichever engine it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploys.catalogue.model import ModelFile
from deploys.plan.plan import Replica

# Every engine listens here, inside the container.
PORT = 8080
# Reading weights from a slow disk or a network volume.
READ_MIB_PER_SECOND = 100


@dataclass(frozen=True)
class Argument:
    """One flag with its value, and why it is there when that is not plain."""

    words: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """One key of a file that an engine reads, with its value, and why it is there."""

    key: str
    value: Any
    reason: str = ""


@dataclass(frozen=True)
class Service:
    """The parts of a Compose service that differ between engines."""

    arguments: list[Argument]
    health: tuple[str, ...]
    """The command that asks whether it is ready."""
    health_reason: str
    start_period_seconds: int
    stop_grace_seconds: int
    user: str
    tmp_options: str
    """Of the container's own folder for temporary files, in memory."""
    pids_limit: int
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_reason: str = ""
    shm_mib: int | None = None
    """None: Docker's 64 MiB."""
    cache_volume: str = ""
    """Compiled kernels are kept here over restarts; empty: there are none."""
    cache_path: str = ""
    ulimits: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """What checks and rollouts ask of it by, where its command line does not say."""
    model_folder: str = "/models"
    """Where its model's files are mounted."""
    folders: Mapping[str, tuple[ModelFile, ...]] = field(default_factory=dict)
    """More folders of the host's store that are mounted, by their place in the container."""
    files: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    """Files that it reads beside them, by their name in `files_folder`."""
    files_folder: str = ""
    """A folder in memory that holds these files; empty: there are none."""
    on_host_network: bool = False
    """Whether it listens on the host itself, and not behind Docker's network."""


def port_of(replica: Replica) -> int:
    """Where it listens: of a group on the host itself, at the port that gateways ask."""
    if replica.group is None or replica.group.rank:
        return PORT
    return int(replica.endpoint.rpartition(":")[2])


def load_seconds(replica: Replica) -> int:
    """Time to read the weights."""
    size_bytes = sum(file.size_bytes for file in replica.model.files)
    return size_bytes // (READ_MIB_PER_SECOND * 2**20)
