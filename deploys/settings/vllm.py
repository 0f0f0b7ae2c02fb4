"""What the inventory may say about a pool in vLLM's own terms, beside what the plan decides."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from deploys.settings.drafts import Drafts
from deploys.settings.image_limits import Domain
from deploys.settings.words import Frozen, Name, as_tuple

Parser = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
PerRequest = Annotated[int, Field(ge=0, le=999)]


class Media(Frozen):
    """What one request may bring beside text; vLLM's own limit is 999 of each."""

    image: PerRequest = 0
    video: PerRequest = 0
    audio: PerRequest = 0
    domains: Annotated[tuple[Domain, ...], BeforeValidator(as_tuple)] = ()
    """Where vLLM may fetch what a request names by URL; none: only what the request itself holds.
    Redirects are not followed, and what the engine's host can reach is not what its clients may."""


class Vllm(Frozen):
    """Each is left to vLLM, or off, when left out."""

    tool_parser: Parser | None = None
    """How the model writes calls of tools; without it, clients that offer tools are refused."""
    reasoning_parser: Parser | None = None
    """How the model marks what it thinks, which is then answered apart."""
    prefix_caching: bool | None = None
    """Whether beginnings that prompts have in common are computed once; on where it can be."""
    media: Media | None = None
    """Of models that see; vLLM's own limits, and no fetching, when left out."""
    drafts: Drafts | None = None
    adapters: Annotated[tuple[Name, ...], BeforeValidator(as_tuple), Field(max_length=64)] = ()
    """LoRA adapters of the model's entry in inventories/models.yaml; clients ask for each by its
    name, as for a model of its own. All of them may be in one batch."""
    eager: bool = False
    """Without compiled kernels and CUDA graphs: it starts sooner and has their memory for its
    cache, and each token takes longer. For finding faults, and where nothing can compile."""
    shutdown_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """How long running answers may take to end after SIGTERM; vLLM's own 0 cuts them. A rollout
    waits before (`drain_seconds`)."""
    shm_mib: Annotated[int, Field(ge=64, le=1_048_576)] | None = None
    """For what its processes share; 1 GiB, with several GPUs 8 GiB when left out."""
    open_files: Annotated[int, Field(ge=1024, le=1_048_576)] = 65_536
    """Each client is one; vLLM warns below 65,535."""


# The flags that these words set, and those that other words of a pool do.
FLAGS: Mapping[str, str] = {
    "tool_parser": "--tool-call-parser",
    "reasoning_parser": "--reasoning-parser",
}
SAID_BY: Mapping[str, str] = {
    "--model": "model",
    "--revision": "model",
    "--quantization": "quantization",
    "--served-model-name": "public_name and aliases",
    "--max-model-len": "context_tokens",
    "--max-num-seqs": "slots",
    "--max-num-batched-tokens": "batch_tokens",
    "--kv-cache-dtype": "kv_cache_type",
    "--kv-cache-memory-bytes": "share_gpus",
    "--gpu-memory-utilization": "gpu_memory_utilization",
    "--tensor-parallel-size": "tensor_parallel",
    "--pipeline-parallel-size": "hosts_per_replica",
    "--nnodes": "hosts_per_replica",
    "--node-rank": "hosts_per_replica",
    "--headless": "hosts_per_replica",
    "--master-addr": "hosts_per_replica and a host's address",
    "--master-port": "hosts_per_replica and a host's master_port",
    "--runner": "kind",
    "--convert": "kind",
    "--tool-call-parser": "vllm.tool_parser",
    "--enable-auto-tool-choice": "vllm.tool_parser",
    "--reasoning-parser": "vllm.reasoning_parser",
    "--enable-prefix-caching": "vllm.prefix_caching",
    "--limit-mm-per-prompt": "vllm.media",
    "--allowed-media-domains": "vllm.media.domains",
    "--speculative-config": "vllm.drafts",
    "--enforce-eager": "vllm.eager",
    "--enable-lora": "vllm.adapters",
    "--lora-modules": "vllm.adapters",
    "--max-loras": "vllm.adapters",
    "--max-lora-rank": "vllm.adapters",
    "--shutdown-timeout": "vllm.shutdown_seconds",
    "--api-key": "clients",
}
