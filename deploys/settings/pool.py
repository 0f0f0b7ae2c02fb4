"""What the inventory may say about a pool: one public model name and the replicas behind it.

`auto` is the planner's to choose; what is pinned here is respected, and only checked.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from deploys.settings.arm import Arm
from deploys.settings.drafts import Drafts
from deploys.settings.localai import LocalAi
from deploys.settings.routing import Routing
from deploys.settings.vllm import Vllm
from deploys.settings.words import Name, as_tuple

Tokens = Annotated[int, Field(ge=64, le=16_777_216)]
Auto = Literal["auto"]
Quantization = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]


class Pool(Routing):
    """Replicas of one model on one engine; the plan derives what is left out."""

    model: Annotated[str, Field(min_length=1)]
    """A name in inventories/models.yaml, the path or URL of an entry there, or the `base` of
    several entries: then the plan picks the quantization."""
    engine: Literal["auto", "llamacpp", "localai", "vllm"] = "auto"
    """`auto` is llamacpp or vllm; localai is taken when it is asked for."""
    replicas: Annotated[int, Field(ge=1, le=8000)] | Literal["fill"] = 1
    """`fill`: as many as the GPUs hold."""
    hosts: Annotated[tuple[Name, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None = None
    """Only on these; on any of `gpu_hosts` when left out."""
    gpus: Annotated[int, Field(ge=0, le=64)] | Auto = "auto"
    """GPUs of one replica, of each of its hosts; 0: none, in RAM."""
    hosts_per_replica: Annotated[int, Field(ge=1, le=16)] = 1
    """More than one: vllm's own multi-node mode, for a model that no host holds."""
    split_over_hosts: Literal["layers", "tensors"] = "layers"
    """`layers`: each host has some (pipeline parallel), all GPUs of one share each of them (tensor
    parallel). `tensors`: the GPUs of all hosts share each layer, over a network as fast as that."""
    share_gpus: bool = False
    """Whether a replica may run on one GPU beside others that say so too, or has its own."""
    context_tokens: Tokens
    """Longest prompt plus answer of one request."""
    slots: Annotated[int, Field(ge=1, le=1024)] = 1
    """Requests that one replica works on at the same time."""
    waiting_requests: Annotated[int, Field(ge=0, le=4096)] = 16
    """Requests that wait at one replica for a slot; more go elsewhere or get 503."""
    quantization: Quantization | None = None
    """Pins one of the alternatives with the same `base`."""
    least_quantization: Quantization = "Q4_K_M"
    """The coarsest that the plan may pick by itself (deploys/plan/search/ladder.py)."""
    batch_tokens: Annotated[int, Field(ge=32, le=65_536)] = 2048
    """Prompt tokens handed over at once; llama-server's own default. For embeddings and reranking
    all of a text, which is computed at once."""
    micro_batch_tokens: Annotated[int, Field(ge=32, le=65_536)] = 512
    """Prompt tokens computed at once; sizes the compute buffer. llama-server's own default; halved
    by the plan where that buffer stands in the way and this is left out. All of a text for
    embeddings and reranking."""
    kv_cache_type: Literal["auto", "f16", "q8_0", "q4_0"] = "auto"
    """`auto`: f16, else q8_0."""
    flash_attention: bool = True
    gpu_layers: Annotated[int, Field(ge=0, le=1024)] | Auto = "auto"
    """Layers on GPUs, counting the output first; llamacpp and localai."""
    experts_on_cpu: Annotated[int, Field(ge=0, le=1024)] | Auto = "auto"
    """Layers, from the first, whose experts stay in RAM; llamacpp and
    localai."""
    chat_template: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")] | None = None
    """One of llama-server's own, by its name, for a file that brings none (`vicuna`); llamacpp,
    which has to be said. Jinja is off then, and tools with it. localai's is `template` of its
    block."""
    drafts: Drafts | None = None
    """Off when left out; llamacpp, which has to be said. vllm's stand in its block."""
    tensor_parallel: Annotated[int, Field(ge=1, le=64)] | Auto = "auto"
    """GPUs of one host that share each layer; vllm."""
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the GPU that vllm takes."""
    vllm: Vllm | None = None
    """What only vllm knows; pins it."""
    localai: LocalAi | None = None
    """What only localai knows."""
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """CPU threads of one replica; the physical cores near its GPUs shared out when left out."""
    rollout: Literal["auto", "surge", "shift", "swap"] = "auto"
    """How a running replica is replaced (deploys/plan/rollout.py); `auto`: by surge where a second
    one fits beside it, else by shift, else by swap."""
    drain_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    """How long running answers of a replica may take to end before it is replaced; what is left
    then is cut, counted and named. 0 does not drain at all. Ten minutes are 6,000 tokens at 10 a
    second, twice what most answers are."""
    steady_seconds: Annotated[int, Field(ge=0, le=600)] = 15
    """How long a new container must have run before it is trusted: engines were seen to answer
    once and die within seconds, when the first real batch needs memory."""

    cloud: Arm = "never"
    """Whether a request that names this pool may leave the fleet; its client must say so too."""
    sovereign: bool = False
    """Promises that no request ever does: then `cloud` is refused here."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Pool":
        micro_is_set = "micro_batch_tokens" in self.model_fields_set and self.kind == "generation"
        if micro_is_set and self.micro_batch_tokens > self.batch_tokens:
            raise ValueError("micro_batch_tokens no larger than batch_tokens")
        if self.kv_cache_type not in ("auto", "f16") and not self.flash_attention:
            # llama.cpp refuses a quantised V cache without flash attention, after the model loaded.
            raise ValueError(f"kv_cache_type {self.kv_cache_type} with flash_attention on")
        for wrong, fits in _contradictions(self):
            if wrong:
                raise ValueError(fits)
        return self


_BATCHES = frozenset({"batch_tokens", "micro_batch_tokens"})


def _contradictions(pool: Pool) -> Iterator[tuple[bool, str]]:
    """(whether it is there, what fits instead): words that only one engine or layout knows."""
    parallel = pool.tensor_parallel not in ("auto", 1)
    joined = pool.hosts_per_replica > 1
    of_vllm = parallel or joined or pool.gpu_memory_utilization is not None
    of_vllm = of_vllm or pool.vllm is not None
    of_llamacpp = (pool.gpu_layers, pool.experts_on_cpu) != ("auto", "auto")
    yield pool.gpus == 0 and (pool.engine == "vllm" or of_vllm), "GPUs for vllm and its words"
    both = "auto" not in (pool.gpus, pool.tensor_parallel)
    yield both and pool.gpus != pool.tensor_parallel, "gpus and tensor_parallel alike"
    sizes = [getattr(pool, key) for key in _BATCHES & pool.model_fields_set]
    whole = sizes and pool.kind != "generation"
    cut = f"batches of context_tokens: a text of {pool.kind} is computed at once"
    yield bool(whole and min(sizes) < pool.context_tokens), cut
    # llama-server would lower the batch to its micro-batch.
    alike = f"batch_tokens and micro_batch_tokens alike for {pool.kind}"
    yield bool(whole and min(sizes) < max(sizes)), alike
    drafts = pool.drafts is not None
    yield drafts and pool.engine != "llamacpp", "engine llamacpp for drafts; or `vllm.drafts`"
    yield drafts and pool.kind != "generation", "drafts for text alone"
    template = pool.chat_template is not None
    yield template and pool.engine != "llamacpp", "engine llamacpp for chat_template"
    yield template and pool.kind != "generation", "chat_template for text alone"
    several = pool.gpus not in ("auto", 1) or parallel
    yield pool.share_gpus and several, "one GPU where share_gpus is on"
    other = pool.engine in ("llamacpp", "localai") and of_vllm
    yield (
        other,
        "vllm for tensor_parallel, hosts_per_replica, its utilization and its own words",
    )
    yield from _contradictions_of_groups(pool)
    yield pool.engine != "localai" and pool.localai is not None, "engine localai for its own words"
    yield pool.engine == "vllm" and of_llamacpp, "llamacpp for gpu_layers and experts_on_cpu"
    yield of_vllm and of_llamacpp, "words of one engine: layers and experts are llamacpp's"
    bound = pool.affinity is not None and pool.affinity.waiting_requests >= pool.waiting_requests
    yield bound, "fewer waiting_requests of affinity than of the pool"


def _contradictions_of_groups(pool: Pool) -> Iterator[tuple[bool, str]]:
    """Of replicas on more than one host."""
    joined = pool.hosts_per_replica > 1
    own = pool.vllm
    yield joined and pool.share_gpus, "GPUs of its own for a replica on several hosts"
    yield joined and pool.kind != "generation", "one host for a replica that writes no text"
    yield joined and pool.rollout == "surge", "no surge for a replica on several hosts"
    # Drafts are made by the last stage alone; what that asks of the others is not known here.
    drafts = own is not None and own.drafts is not None
    yield joined and drafts, "one host for a replica that drafts"
    few = pool.hosts is not None and len({*pool.hosts}) < pool.hosts_per_replica
    yield few, f"as many hosts as one replica has, {pool.hosts_per_replica}"
