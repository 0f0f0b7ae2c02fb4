"""Small plans, made by hand: rendering needs no settings and no hardware."""

from collections.abc import Mapping

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model, ModelFile
from deploys.plan.plan import HostPlan, Limits, LlamaCppArguments, Plan, Pool, Replica
from deploys.settings.gateway import Gateway

HOST = "gateway1"
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
    name: str, replicas: int = 1, *, public_name: str = "", waiting_requests: int = 2
) -> Pool:
    """A pool whose replicas are called NAME-1, NAME-2 and so on."""
    return Pool(
        name=name,
        public_name=public_name or name,
        engine="llamacpp",
        model_name="tiny-random",
        replicas=tuple(
            Replica(
                name=f"{name}-{number}",
                pool=name,
                host=HOST,
                model=MODEL,
                gpus=(),
                arguments=ARGUMENTS,
                waiting_requests=waiting_requests,
                memory_mib={"weights": 1},
                limits=Limits(cpus=1, memory_mib=256),
                endpoint="",
            )
            for number in range(1, replicas + 1)
        ),
    )


def small_plan(
    *pools: Pool, gateway: Mapping[str, object] | None = None, environment: str = "small"
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
    return Plan(environment, (host,), chosen, ("demo",), {"nginx": "nginx", "llamacpp": "llama"})
