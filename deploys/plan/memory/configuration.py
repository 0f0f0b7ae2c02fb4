"""How an engine will be started, as far as memory depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.corrections import NO_CORRECTIONS, Corrections


@dataclass(frozen=True)
class Device:
    """One GPU, as the estimator needs to know it; None is "not known"."""

    name: str
    sm_count: int | None = None
    visible_mib: float | None = None
    """What CUDA reports, which is less than NVML does."""
    process_mib: float | None = None
    """Measured with one empty context; replaces the rule."""
    fabric: bool = False
    """NVLink's switches join it to its neighbours."""


@dataclass(frozen=True)
class LlamaCppConfiguration:
    """llama-server's arguments; defaults are those of the pinned version."""

    context_tokens: int
    key_type: str = "f16"
    value_type: str = "f16"
    flash_attention: bool = True
    micro_batch_tokens: int = 512
    sequences: int = 1
    unified: bool = False
    """All sequences share one cache of context_tokens."""
    full_sliding_window: bool = False
    gpu_layers: int | None = None
    """Counting the output layer first; None: all."""
    experts_on_cpu: int | None = 0
    """Layers, from the first, whose experts stay in RAM; None: some, unknown which."""
    largest_ram_expert_mib: float | None = None
    """Size of the largest expert tensor in RAM, where known better than from the shape."""
    draft_tokens: int = 0
    """States kept for rolling back drafts (n_rs_seq)."""
    draft_context: bool = False
    """The draft layers run, with a cache and a compute buffer of their own."""
    projector_mib: float = 0
    devices: tuple[Device, ...] = ()
    shares: tuple[float, ...] = ()
    """Share of the layers per GPU; equal if left out."""
    pipeline_copies: int | None = None
    """Copies of the inputs for pipelining over GPUs; None: as the engine decides."""


@dataclass(frozen=True)
class KnownWeights:
    """What a header or a log says of the weights; None where it does not."""

    gpu_mib: float | None = None
    ram_mib: float | None = None
    tensor_bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes by tensor name, as a GGUF header lists them."""


@dataclass(frozen=True)
class VllmConfiguration:
    """`vllm serve` arguments; defaults are those of the pinned version."""

    maximum_length_tokens: int
    utilisation: float = 0.92
    """Share of the GPU's total (gpu_memory_utilization, vllm/config/cache.py of 0.33.0)."""
    tensor_parallel: int = 1
    stages: int = 1
    """Of the pipeline, each on GPUs of its own (pipeline_parallel_size)."""
    stage: int = 0
    """Which of them is asked about, from 0."""
    kv_bytes: int = 2
    state_bytes: int = 4
    """Of the recurrent state; the convolution's keeps the model's two bytes."""
    state_pages: int = 1
    """Blocks of state per request and group; 2 with prefix caching or draft tokens."""
    batched_tokens: int | None = None
    sequences: int | None = None
    latent_row: int | None = None
    """Elements of an MLA row where a kernel pads it."""
    total_gib: float | None = None
    """CUDA-visible memory of one GPU."""
    pool_gib: float | None = None
    """KV pool of one GPU, where it is known or pinned."""
    eager: bool = False
    adapter_bytes: int = 0
    """Of the places for LoRA adapters, made at its start."""
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True)
class Case:
    """One question to the estimator: which model in which engine, started how."""

    name: str
    engine: str
    version: str
    quantization: str
    architecture: Architecture | None
    """None: not known, and then only the weights can be told."""
    configuration: LlamaCppConfiguration | VllmConfiguration | None
    weights: KnownWeights = KnownWeights()
    profile_facts: Mapping[str, bool] = field(default_factory=dict)
    """Facts of the engine's build that replace those of its profile."""
    corrections: Corrections = NO_CORRECTIONS
    """What starts of this engine were measured to differ by."""
    remarks: tuple[str, ...] = ()
    """What was assumed or not understood of the question."""
