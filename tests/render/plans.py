"""Small plans, made by hand: rendering needs no settings and no hardware."""

from collections.abc import Mapping
from typing import Any

from deploys.catalogue.architecture import Architecture, VisionTower
from deploys.catalogue.model import Model, ModelFile
from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.plan import HostPlan, Limits, Plan, Pool, Replica
from deploys.settings.client import Client
from deploys.settings.engine_versions import PINNED
from deploys.settings.gateway import Gateway
from deploys.settings.routing import Routing

HOST = "gateway1"
# One client for each thing that clients can have.
TIERS = {
    "free": {
        "requests_per_second": 5,
        "requests_per_minute": 100,
        "burst": 3,
        "concurrent_requests": 2,
        "tokens_per_minute": 1000,
        "tokens_per_day": 100_000,
    },
    "pro": {"requests_per_second": 50},
    "unused": {"concurrent_requests": 9},
}
LIMITED_CLIENTS: Mapping[str, Mapping[str, object]] = {
    "team-a": {
        "tier": "free",
        "keys": {
            "old": {"key": "env:OLD", "valid_until": "2027-01-31"},
            "new": {"key": "file:new.key"},
        },
    },
    "default": {"tier": "pro", "key": "env:PRO"},
    "free": {"key": "env:FREE"},
}
CLIENTS = {"demo": {"key": "env:DEMO_KEY"}}
MODEL = Model(
    source="generated:tiny",
    licence="MIT",
    format="gguf",
    files=(ModelFile(name="tiny.gguf", size_bytes=1024, sha256="0" * 64),),
    architecture=Architecture(
        name="llama",
        layers=1,
        embedding_length=64,
        feed_forward_length=128,
        heads=2,
        kv_heads=2,
        key_length=32,
        value_length=32,
        vocabulary_size=512,
        context_tokens=2048,
    ),
    chat_template=True,
)
# The same with a tower, of 16 tokens an image.
SEEING = MODEL.model_copy(
    update={
        "projector": ModelFile(name="mmproj.gguf", size_bytes=512, sha256="1" * 64),
        "architecture": MODEL.architecture.model_copy(
            update={
                "vision": VisionTower(
                    weights_bytes=512, embedding_length=32, feed_forward_length=64, patches=16
                )
            }
        )
        if MODEL.architecture
        else None,
    }
)
TLS = {
    "names": ("llm.example", "api.llm.example"),
    "authority": {"certificate": "inventories/ca.pem", "key": "env:CA_KEY"},
}
ARGUMENTS = LlamaCppArguments(
    context_tokens=1024,
    slots=2,
    threads=1,
    batch_tokens=64,
    micro_batch_tokens=64,
    kv_cache_type="f16",
    flash_attention=True,
    gpu_layers=0,
)


def small_pool(
    name: str,
    replicas: int = 1,
    *,
    public_name: str = "",
    engine: str = "llamacpp",
    model: Model = MODEL,
    waiting_requests: int = 2,
    **routing: Any,  # noqa: ANN401 - what Routing takes
) -> Pool:
    """A pool whose replicas are called NAME-1, NAME-2 and so on."""
    return Pool(
        name=name,
        public_name=public_name or name,
        engine=engine,
        model_name="tiny-random",
        routing=Routing.model_validate(routing),
        replicas=tuple(
            Replica(
                name=f"{name}-{number}",
                pool=name,
                host=HOST,
                model=model,
                gpus=(),
                arguments=ARGUMENTS,
                waiting_requests=waiting_requests,
                memory_mib={"weights": 1},
                limits=Limits(cpus=1, memory_mib=256),
                endpoint="",
                version=PINNED["llamacpp"],
            )
            for number in range(1, replicas + 1)
        ),
    )


def small_plan(
    *pools: Pool,
    gateway: Mapping[str, object] | None = None,
    environment: str = "small",
    clients: Mapping[str, object] | None = None,
) -> Plan:
    """A plan of one gateway host; one pool `chat` of two replicas when none is given."""
    chosen = pools or (small_pool("chat", 2),)
    host = HostPlan(
        name=HOST,
        roles=("gpu_hosts", "gateways"),
        replicas=tuple(replica for pool in chosen for replica in pool.replicas),
        gateway=Gateway.model_validate(gateway or {}),
        address="",
    )
    held = {name: Client.model_validate(one) for name, one in (clients or CLIENTS).items()}
    return Plan(environment, (host,), chosen, held, {"nginx": "nginx", "llamacpp": "llama"})


def limited_plan(**gateway: object) -> Plan:
    """The small plan, with tiers and with clients that have several keys."""
    return small_plan(gateway={"tiers": TIERS, **gateway}, clients=LIMITED_CLIENTS)
