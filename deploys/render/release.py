"""The release manifest: all that a deploy needs to know, rendered and committed like the rest.

Deploys read this and the files beside it, and never evaluate settings: what was reviewed is what
runs. The release name is the content hash of everything rendered for the host.
"""

from pydantic import Field

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.plan.rollout import Strategy
from deploys.render.release_gateway import GatewayRelease
from deploys.render.release_monitors import MonitorsRelease
from deploys.render.release_retrieval import RetrievalRelease
from deploys.render.release_watch import WatchRelease
from deploys.render.roles import Role
from deploys.settings.client import Client
from deploys.settings.hub import Hub
from deploys.settings.registry import Registry
from deploys.settings.routing import Kind
from deploys.settings.words import Frozen


class ImageBuild(Frozen):
    """An image made on the host from deploys/images/<context>/."""

    context: str
    """Folder below deploys/images; the reference's tag is the hash of its content."""


class Image(Frozen):
    """One image that the host needs before anything is started."""

    name: str
    reference: str
    build: ImageBuild | None
    """None: the reference is pulled."""


class ModelCopy(Frozen):
    """One model that the host needs, at its place in the content-addressed store."""

    name: str
    source: str
    files: tuple[ModelFile, ...]

    def places(self, directory: str) -> dict[str, ModelFile]:
        """Absolute path on the host -> file, below the kit's `directory`."""
        folder = f"{directory}/models/{store_folder(self.files)}"
        return {f"{folder}/{file.name}": file for file in self.files}


class Project(Frozen):
    """One Compose project of the host."""

    role: Role
    name: str
    services: dict[str, str]
    """Service -> value of its label homeport.config-sha256."""


class PlannedDevice(Frozen):
    """What a replica is expected to take of one GPU, or of RAM (`CPU`); sizes in MiB by part."""

    device: str
    gpu: str = ""
    """The GPU's UUID."""
    expected_mib: dict[str, float]
    upper_mib: dict[str, float]
    corrections_mib: dict[str, float] = Field(default_factory=dict)
    """Of these parts so much was measured before: see inventories/calibration."""


class PlannedPool(Frozen):
    """The KV pool that vLLM is expected to have on each GPU, in GiB."""

    budget_gib: float
    expected_gib: float
    lowest_gib: float
    tokens: int
    blocks: int = 0
    """0: a commit of before they were written down."""


class PlannedSpeed(Frozen):
    """How fast one request alone can be answered at most, and below what something is wrong."""

    bound_tokens_per_second: float
    suspicious_tokens_per_second: float


class PlannedReplica(Frozen):
    """What the plan expects of one engine; checks compare it with what the engine itself says."""

    name: str
    engine: str
    version: str
    model: str
    gpu_name: str = ""
    gpu_layers: int = 0
    """Layers on GPUs, counting the output; 0 for engines that keep every layer there."""
    devices: tuple[PlannedDevice, ...]
    pool: PlannedPool | None = None
    speed: PlannedSpeed | None = None
    """None: no bandwidth is known of what it runs on."""


class StandIn(Frozen):
    """The service that serves while a replica is replaced by surge."""

    service: str
    endpoint: str
    """ADDRESS:PORT, as a replica's."""


class RankBehind(Frozen):
    """A container of a replica on one of its further hosts."""

    host: str
    service: str


class GroupAccess(Frozen):
    """Who may join the groups of this host; its firewall lets nobody else in."""

    address: str
    peers: tuple[str, ...]
    """Addresses of the other hosts of its groups."""
    master_ports: tuple[int, ...]
    """Where groups meet whose first rank it is."""
    services: tuple[str, ...]
    """Its containers of groups: no host starts or replaces one by itself."""


class ReplicaRollout(Frozen):
    """How one replica of the host is replaced when its configuration changes."""

    name: str
    pool: str
    model: str
    """The public name that its engine must answer under."""
    kind: Kind = "generation"
    """What its engine is asked for, as a proof."""
    strategy: Strategy
    reason: str
    drain_seconds: int
    steady_seconds: int
    stand_in: StandIn | None = None
    behind: tuple[RankBehind, ...] = ()
    """Of a replica on several hosts: those that are replaced with it, in the order of ranks."""


class EngineAccess(Frozen):
    """Who may reach the engines of this host from other hosts; its firewall lets nobody else in."""

    address: str
    ports: tuple[int, ...]
    gateways: tuple[str, ...]
    """Addresses of the gateways."""


class ExpectedGpu(Frozen):
    """One GPU that the host's engines use, as it was planned with."""

    uuid: str
    name: str
    memory_mib: int
    compute_capability: str | None
    slices: tuple[str, ...] = ()
    """The MIG slices in use, by UUID; none: the whole GPU, and MIG must be off."""
    left_mib: int | None = None
    """What the plan leaves to others; None: not said, as of slices, which share nothing."""


class ExpectedHardware(Frozen):
    """The least that the plan needs of the host; apply refuses a host that has less."""

    physical_cores: int
    memory_mib: int
    """The limits of all engines together, the largest stand-in, and a vector store."""
    gpus: tuple[ExpectedGpu, ...] = ()


class Access(Frozen):
    """What an environment needs secrets for: references, as the settings say them."""

    clients: dict[str, Client]
    hub: Hub | None = None
    registry: Registry | None = None


class Release(Frozen):
    """One rendered state of one host."""

    environment: str
    host: str
    release: str
    network: str
    files: dict[str, str]
    """Path below the release directory -> sha256; all but release.yaml itself."""
    images: tuple[Image, ...]
    models: tuple[ModelCopy, ...]
    projects: tuple[Project, ...]
    replicas: tuple[PlannedReplica, ...] = ()
    hardware: ExpectedHardware | None = None
    """None: the host runs no engine."""
    rollouts: tuple[ReplicaRollout, ...] = ()
    engines: EngineAccess | None
    gateway: GatewayRelease | None
    # With defaults: a rollback reads manifests that were rendered before there were these.
    hub: Hub | None = None
    """Where `hub:` models come from; None where the host has none."""
    registry: Registry | None = None
    """Whose images the host pulls, and with which login; None where it pulls without."""
    monitors: MonitorsRelease | None = None
    """None: it watches nobody."""
    monitored: dict[str, str] = Field(default_factory=dict)
    """Service -> ADDRESS:PORT where monitors of other hosts ask it, or where people see what they
    found."""
    retrieval: RetrievalRelease | None = None
    """None: the host is no vector store."""
    watch: WatchRelease | None = None
    """None where nothing watches it."""
    groups: GroupAccess | None = None
    """None where no replica is on several hosts."""

    @property
    def uses_njs(self) -> bool:
        """Whether its gateway can digest keys and read bodies."""
        return self.gateway is None or self.gateway.njs
