"""Plans of one replica on two GPUs, made by hand."""

import dataclasses
from typing import Any

import yaml

from deploys.catalogue.model import Adapter, Model, ModelFile
from deploys.plan.arguments import LlamaCppArguments, LocalAiArguments, VllmArguments
from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.release import Access
from deploys.settings.engine_versions import PINNED
from tests.environments import ROOT
from tests.render.plans import ARGUMENTS, HOST, MODEL, small_plan, small_pool

GPUS = ("GPU-6f0e6a10-0000-0000-0000-000000000001", "GPU-6f0e6a10-0000-0000-0000-000000000002")
ON_GPUS = dataclasses.replace(
    ARGUMENTS, gpu_layers=33, experts_on_cpu=4, tensor_split=(1.0, 0.75), threads=8
)
LOCALAI = LocalAiArguments(**vars(ON_GPUS))
VLLM = VllmArguments(
    maximum_length_tokens=8192,
    sequences=64,
    batched_tokens=8192,
    tensor_parallel=2,
    utilisation=0.9,
    kv_cache_bytes=None,
    kv_cache_type="bfloat16",
    dtype="bfloat16",
    quantization="fp8",
    threads=8,
)
ADAPTERS = {
    name: Adapter(
        source=f"https://models.example/{name}/",
        licence="CC0-1.0",
        rank=rank,
        files=(
            ModelFile(name="adapter_config.json", size_bytes=700, sha256=digit * 64),
            ModelFile(name="adapter_model.safetensors", size_bytes=2**20, sha256=digit * 64),
        ),
    )
    for name, rank, digit in (("support", 8, "a"), ("legal", 24, "b"))
}
CHECKPOINT = MODEL.model_copy(
    update={
        "format": "safetensors",
        "adapters": ADAPTERS,
        "files": tuple(
            ModelFile(name=name, size_bytes=10 * 2**30, sha256=str(number) * 64)
            for number, name in enumerate(["model-1.safetensors", "model-2.safetensors"])
        ),
    }
)


def gpu_plan(
    arguments: LlamaCppArguments | VllmArguments, model: Model = MODEL, **changes: object
) -> Plan:
    """A plan of one replica on two GPUs; `changes` to the replica."""
    engine = engine_of(arguments)
    pool = small_pool("chat")
    words: dict[str, Any] = {"gpus": GPUS, "version": PINNED[engine], **changes}
    (first,) = pool.replicas
    replica = dataclasses.replace(first, arguments=arguments, model=model, **words)
    plan = small_plan(dataclasses.replace(pool, engine=engine, replicas=(replica,)))
    images = {"nginx": "nginx", "llamacpp": "homeport/llamacpp:1"}
    images |= {"localai": "homeport/localai:1", "localai_cuda": "homeport/localai_cuda:1"}
    images |= {"llamacpp_cuda": "llama.cpp:server-cuda", "vllm": "vllm-openai:v0.33.0"}
    return dataclasses.replace(plan, images=images)


def engine_of(arguments: LlamaCppArguments | VllmArguments) -> str:
    """Which engine takes them."""
    if isinstance(arguments, VllmArguments):
        return "vllm"
    return "localai" if isinstance(arguments, LocalAiArguments) else "llamacpp"


def gpu_files(plan: Plan) -> dict[str, Any]:
    """Compose file and manifest of its one host."""
    rendered = render_environment(plan, Access(clients={}), ROOT / "templates")
    folder = f"compose/small/{HOST}"
    compose = yaml.safe_load(rendered[f"{folder}/gpu_hosts/compose.yaml"])
    return {"compose": compose, "release": yaml.safe_load(rendered[f"{folder}/release.yaml"])}


def gpu_service(plan: Plan) -> dict[str, Any]:
    """Its one engine."""
    service: dict[str, Any] = gpu_files(plan)["compose"]["services"]["chat-1"]
    return service
