"""The schema of `homeport estimate`: the field names of published measurements.

Unknown keys are kept apart and reported, not refused: a log may say more than memory needs.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(gt=0, le=2**40)]
CountOrNone = Annotated[int, Field(ge=0, le=2**40)]
Size = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Words(BaseModel):
    """What is written, checked; extra keys stay readable as `model_extra`."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_said(cls, found: object) -> object:
        if not isinstance(found, dict):
            return found
        return {name: value for name, value in found.items() if value is not None}


class RecurrentWords(Words):
    """`ssm`: dimensions of recurrent layers."""

    conv: Count
    inner: Count
    state: Count
    dt: Count
    grp: Count
    every: CountOrNone = 4
    """Every n-th layer is attention (full_attention_interval; 4 in Qwen3-Next and Qwen3.5)."""


class ArchitectureWords(Words):
    """`arch`: dimensions in the usual short names."""

    arch: str
    L: Count
    d: Count
    h: Count
    kv: Count
    ff: CountOrNone
    V: Count
    hd: Count | None = None
    ctx: Count | None = None
    E: CountOrNone = 0
    EU: CountOrNone = 0
    eff: CountOrNone = 0
    shared: CountOrNone = 0
    """Shared experts of the routed ones' size."""
    sheff: CountOrNone = 0
    """Feed-forward length of all shared experts."""
    dense: CountOrNone = 0
    swa: CountOrNone = 0
    swa_pattern: CountOrNone = 0
    swa_kv: Count | None = None
    swa_hd: Count | None = None
    ql: CountOrNone = 0
    kvl: CountOrNone = 0
    rope: CountOrNone = 0
    nope: CountOrNone = 0
    vh: CountOrNone = 0
    ssm: RecurrentWords | None = None
    mtp: CountOrNone = 0
    """Draft layers."""
    tied: bool = False
    bias: bool = False
    rope_freqs: bool = False
    mlp: Count | None = None
    """Matrices of the feed-forward part; the architecture says it too."""
    note: str = ""


class ConfigWords(Words):
    """`config`: how the engine was started; both engines' words."""

    ctx: Count | None = None
    ctk: str | None = None
    ctv: str | None = None
    fa: bool | None = None
    ubatch: Count | None = None
    batch: Count | None = None
    n_seq: Count | None = None
    unified: bool | None = None
    swa_full: bool = False
    ngl: CountOrNone | Literal["all"] | None = None
    cpu_moe: bool | CountOrNone | str | None = None
    expert_tensor_mib: Size | None = None
    n_rs: CountOrNone = 0
    mtp: bool = False
    mmproj_mib: Size = 0
    split_mode: str | None = None
    tensor_split: list[Size] | None = None
    n_copies: Count | None = None
    gpus: list[str] | None = None
    gpu: str | None = None
    total_gib: Size | None = None
    util: Annotated[float, Field(gt=0, le=1)] | None = None
    tp: Count | None = None
    kv_bytes: Count | None = None
    w_bytes: Size | None = None
    """Bytes per weight, where the format is not named."""
    mamba_bytes: Count | None = None
    mamba_pages: Count | None = None
    max_len: Count | None = None
    batched: Count | None = None
    seqs: Count | None = None
    core: Literal["V0", "V1"] | None = None
    semantic: Literal["old", "new"] | None = None
    mla_pad: Count | None = None
    pool_gib: Size | None = None
    """vLLM's KV pool, where it is known or pinned."""
    eager: bool = False


class WeightWords(Words):
    """`weights_known`: what a header or log says; MiB, for vLLM GiB."""

    GPU: Size | None = None
    CPU: Size | None = None


class ProfileWords(Words):
    """`engine_profile`: facts of the engine's build."""

    mask_f32: bool | None = None
    deq_in_graph: bool | None = None


class CaseWords(Words):
    """One case: facts only; what was observed is not read."""

    id: str
    engine: Literal["llama.cpp", "ik_llama.cpp", "ollama", "localai", "vLLM", "vllm"]
    version: str = ""
    model: str = ""
    quant: str = ""
    arch: ArchitectureWords | None = None
    config: ConfigWords
    weights_known: WeightWords | None = None
    engine_profile: ProfileWords = ProfileWords()
    klass: str = Field(default="", alias="class")
    observed: Any = None
    """Never read: an answer, not a fact."""
    source: str = ""
    note: str = ""
    inferred: list[str] = []
