"""The plan: what runs where, with which numbers and why. Data only, printable and refusable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.catalogue.model import Model
from deploys.settings.gateway import Gateway
from deploys.settings.hardware import HostHardware


@dataclass(frozen=True)
class LlamaCppArguments:
    """Every number llama-server would otherwise guess.

    `context_tokens` is the size of the whole KV cache: tokens per request times slots.
    """

    context_tokens: int
    slots: int
    threads: int
    batch_tokens: int
    micro_batch_tokens: int
    kv_cache_type: str
    flash_attention: bool
    gpu_layers: int


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
    arguments: LlamaCppArguments
    waiting_requests: int
    """Requests that may wait for a slot; the gateway sends no more than that and the slots."""
    memory_mib: Mapping[str, int]
    """Predicted memory by part: weights, kv_cache, compute_buffer, process."""
    limits: Limits
    endpoint: str
    """ADDRESS:PORT of its host, for gateways of other hosts; empty when there are none."""


@dataclass(frozen=True)
class Pool:
    """The replicas that answer for one public model name."""

    name: str
    public_name: str
    engine: str
    model_name: str
    replicas: tuple[Replica, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostPlan:
    """One host: its roles, and what of the plan it carries."""

    name: str
    roles: tuple[str, ...]
    replicas: tuple[Replica, ...]
    gateway: Gateway | None
    address: str
    """On the network that gateways and engines share; empty when there is one host alone."""
    hardware: HostHardware | None = None
    """What the host was planned with."""


@dataclass(frozen=True)
class Plan:
    """One environment, planned."""

    environment: str
    hosts: tuple[HostPlan, ...]
    pools: tuple[Pool, ...]
    clients: tuple[str, ...]
    images: Mapping[str, str] = field(default_factory=dict)
    """Image reference by name: llamacpp, nginx."""

    def gateway_addresses(self) -> tuple[str, ...]:
        """Addresses from which gateways ask engines of other hosts."""
        return tuple(host.address for host in self.hosts if host.gateway and host.address)

    def host(self, name: str) -> HostPlan:
        """The plan of one host, by its name."""
        return next(host for host in self.hosts if host.name == name)
