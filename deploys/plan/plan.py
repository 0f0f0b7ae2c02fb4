"""The plan: what runs where, with which numbers and why. Data only, printable and refusable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.catalogue.model import Adapter, Model
from deploys.plan.arguments import Arguments, VllmArguments
from deploys.plan.cloud import CloudPlan
from deploys.plan.group import Group
from deploys.plan.memory.corrections import NO_CORRECTIONS, Corrections
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.memory.estimate import Pool as KvPool
from deploys.plan.retrieval import RetrievalPlan
from deploys.plan.rollout import Rollout
from deploys.plan.speed import Speed
from deploys.plan.verdict import Verdict
from deploys.settings.client import Client
from deploys.settings.gateway import Gateway
from deploys.settings.hardware import HostHardware
from deploys.settings.monitoring import Monitoring
from deploys.settings.routing import Routing
from deploys.settings.watch import Watch


@dataclass(frozen=True)
class Limits:
    """What the container may use of the host."""

    cpus: int
    memory_mib: int


@dataclass(frozen=True)
class Replica:
    """One engine container on one host."""

    name: str
    pool: str
    host: str
    model: Model
    gpus: tuple[str, ...]
    """UUIDs of GPUs or of MIG slices; empty: in RAM alone."""
    arguments: Arguments
    waiting_requests: int
    """Requests that may wait for a slot; the gateway sends no more than that and the slots."""
    memory_mib: Mapping[str, int]
    """Predicted memory in RAM by part: weights, kv_cache, compute_buffer, process."""
    limits: Limits
    endpoint: str
    """ADDRESS:PORT of its host, for gateways and monitors of others; empty when there are none."""
    numa_node: int | None = None
    """Of all its GPUs; None: not known, or several."""
    cpuset: str = ""
    """Hardware threads of that node, as the kernel writes them; empty: any."""
    memory: tuple[DeviceEstimate, ...] = ()
    """Predicted memory of each of its `gpus`, in that order, and of RAM (`CPU`)."""
    verdicts: tuple[Verdict, ...] = ()
    """One for each of its `gpus`."""
    speed: Speed | None = None
    """Of one request; None: a bandwidth is not known."""
    version: str = ""
    """Of the engine: what its memory rules were taken from."""
    gpu_name: str = ""
    """Of all its GPUs, as the driver says it; empty: in RAM alone."""
    corrections: Corrections = NO_CORRECTIONS
    """What of its memory is measured, not predicted."""
    kv_pool: KvPool | None = None
    """vLLM's pool of one GPU."""
    group: Group | None = None
    """Where it is one of several containers, each on a host of its own."""
    behind: tuple["Replica", ...] = ()
    """Of rank 0 the others of its group; nobody but rank 0 is asked anything."""

    @property
    def everywhere(self) -> tuple["Replica", ...]:
        """Itself and who stands behind it, in the order of ranks."""
        return (self, *self.behind)


@dataclass(frozen=True)
class Pool:
    """The replicas that answer for one public model name."""

    name: str
    public_name: str
    engine: str
    model_name: str
    """The entry of the catalogue."""
    replicas: tuple[Replica, ...]
    reasons: tuple[str, ...] = ()
    """Why each thing was chosen, in words, the engine first."""
    engine_reason: str = ""
    quantization: str = ""
    """Empty: the catalogue does not say."""
    routing: Routing = field(default_factory=Routing)
    """How requests reach it, as the settings say."""
    tried_as: tuple[str, ...] = ()
    """Names of the pools whose candidate it is: requests for those reach its engines, too."""

    @property
    def own_names(self) -> tuple[str, ...]:
        """What clients may write into "model" for the model itself."""
        return (self.public_name, *self.routing.aliases)

    @property
    def names(self) -> tuple[str, ...]:
        """What clients may write into "model", adapters too."""
        return (*self.own_names, *self.adapters)

    @property
    def adapters(self) -> Mapping[str, Adapter]:
        """Those that its engines serve beside the model, by name."""
        for replica in self.replicas:
            if isinstance(replica.arguments, VllmArguments):
                names = replica.arguments.own.adapters
                return {name: replica.model.adapters[name] for name in names}
        return {}


@dataclass(frozen=True)
class HostPlan:
    """One host: its roles, and what of the plan it carries."""

    name: str
    roles: tuple[str, ...]
    replicas: tuple[Replica, ...]
    """Its containers, those of a group too."""
    gateway: Gateway | None
    address: str
    """On the network that gateways and engines share; empty when there is one host alone."""
    hardware: HostHardware | None = None
    """What the host was planned with."""
    interface: str = ""
    """Network device of `address`; empty where none needs to know."""
    directory: str = "/srv/homeport"
    """Where the kit keeps its files on the host."""

    @property
    def is_monitor(self) -> bool:
        """Whether it watches the fleet."""
        return "monitors" in self.roles

    @property
    def monitored_gpus(self) -> int:
        """GPUs of the host, where its engines use any."""
        used = any(replica.gpus for replica in self.replicas)
        return len(self.hardware.gpus) if used and self.hardware is not None else 0


@dataclass(frozen=True)
class Plan:
    """One environment, planned."""

    environment: str
    hosts: tuple[HostPlan, ...]
    pools: tuple[Pool, ...]
    clients: Mapping[str, Client]
    images: Mapping[str, str] = field(default_factory=dict)
    """Image reference by name: llamacpp, nginx."""
    rollouts: Mapping[str, Rollout] = field(default_factory=dict)
    """How each replica is replaced when it has to be, by its name."""
    stand_ins: Mapping[str, Replica] = field(default_factory=dict)
    """The second one that serves while a replica is replaced by surge, by the replica's name."""
    cloud: CloudPlan | None = None
    """None: nothing ever leaves the fleet."""
    monitoring: Monitoring | None = None
    """None: nothing is watched."""
    retrieval: RetrievalPlan | None = None
    """None: there is no vector store."""
    watch: Watch | None = None
    """None: nobody looks after replicas."""

    def public_names(self) -> list[str]:
        """What clients may write into "model", aliases too, sorted."""
        return sorted(name for pool in self.pools for name in pool.names)

    def gateway_addresses(self) -> tuple[str, ...]:
        """Addresses from which gateways ask engines of other hosts."""
        return tuple(host.address for host in self.hosts if host.gateway and host.address)

    @property
    def uses_tls(self) -> bool:
        """Whether gateways have certificates, which end."""
        return any(host.gateway is not None and host.gateway.tls for host in self.hosts)

    def stand_ins_on(self, host: HostPlan) -> tuple[Replica, ...]:
        """Of a host's replicas, in their order."""
        names = [replica.name for replica in host.replicas]
        return tuple(self.stand_ins[name] for name in names if name in self.stand_ins)

    def host(self, name: str) -> HostPlan:
        """The plan of one host, by its name."""
        return next(host for host in self.hosts if host.name == name)
