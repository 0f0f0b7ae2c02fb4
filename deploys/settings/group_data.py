"""What the inventory's group data may say, word by word."""

from typing import Annotated

from pydantic import Field, StringConstraints

from deploys.settings.client import Client
from deploys.settings.cloud import Cloud
from deploys.settings.cost import Cost, HostCost
from deploys.settings.docker import Docker
from deploys.settings.gateway import Gateway
from deploys.settings.hub import Hub
from deploys.settings.image import Image, ImageName
from deploys.settings.monitoring import Monitoring
from deploys.settings.nvidia import Nvidia
from deploys.settings.pool import Pool
from deploys.settings.registry import Registry
from deploys.settings.retrieval import Retrieval
from deploys.settings.shared_address import Interface
from deploys.settings.watch import Watch
from deploys.settings.words import Address, Frozen, Name, Port


class HostWords(Frozen):
    """What group data may say about one host, besides pyinfra's own connection words."""

    directory: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$")] = "/srv/homeport"
    """Where the kit keeps its files; relative: below the repository root, on this machine only."""
    address: Address | None = None
    """The host's own address on the network that gateways and engines share; needed as soon as
    there is a second host."""
    interface: Interface | None = None
    """Network device of that address; needed on gateways that share one, and on hosts that may
    share a replica (`hosts_per_replica`)."""
    engine_port: Port = 9001
    """First port of `address` on which engines listen for gateways of other hosts."""
    stand_in_port: Port = 9501
    """First port of `address` for stand-ins, in the order of the replicas' own ports."""
    master_port: Port = 29501
    """First port of `address` on which the hosts of one replica meet; vllm's own default."""
    fleet_port: Port = 9000
    """Port of `address` on which, during an apply, a host gives models to those that lack them."""
    base_image: str = "docker.io/library/debian:forky-slim"
    """Pulled for images built on the host; made with debootstrap where no registry answers."""
    debian_mirror: Annotated[str, StringConstraints(pattern=r"^https?://[^\s'\"]+$")] | None = None
    """Where debootstrap takes packages from; the host's own apt mirror when left out."""
    host_cost: HostCost | None = None
    """Needed by `homeport cost` alone, on every host."""
    docker: Docker = Docker()
    nvidia: Nvidia = Nvidia()


class EnvironmentWords(Frozen):
    """What group data says once for the whole environment."""

    pools: Annotated[dict[Name, Pool], Field(min_length=1)]
    clients: Annotated[dict[Name, Client], Field(min_length=1)]
    gateway: Gateway = Gateway()
    cloud: Cloud | None = None
    """Left out: nothing ever leaves the fleet."""
    retrieval: Retrieval | None = None
    """Left out: no vector store."""
    images: dict[ImageName, Image] = Field(default_factory=dict)
    registry: Registry | None = None
    """The site's own; images come from where their names say when left out."""
    hub: Hub = Hub()
    cost: Cost | None = None
    """Needed by `homeport cost` alone."""
    monitoring: Monitoring | None = None
    """Left out: nothing is watched, and gateways keep no figures."""
    watch: Watch | None = None
    """Left out: sick replicas wait for a person, or for nginx to pass them by."""
