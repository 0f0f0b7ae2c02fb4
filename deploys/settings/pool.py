"""What the inventory may say about a pool: one public model name and the replicas behind it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploys.settings.words import Frozen, PublicName

Tokens = Annotated[int, Field(ge=64, le=16_777_216)]
EngineName = Literal["llamacpp"]


class Pool(Frozen):
    """Replicas of one model on one engine; the plan derives what is left out."""

    model: Annotated[str, Field(min_length=1)]
    """A name in inventories/models.yaml, or the path or URL of an entry there."""
    engine: EngineName
    public_name: PublicName | None = None
    """What clients write into "model"; the pool's own name when left out."""
    replicas: Annotated[int, Field(ge=1, le=800)] = 1
    context_tokens: Tokens
    """Longest prompt plus answer of one request."""
    slots: Annotated[int, Field(ge=1, le=256)] = 1
    """Requests that one replica works on at the same time."""
    waiting_requests: Annotated[int, Field(ge=0, le=4096)] = 16
    """Requests that wait at one replica for a slot; more go elsewhere or get 503."""
    batch_tokens: Annotated[int, Field(ge=32, le=65_536)] = 2048
    """Prompt tokens handed over at once; llama-server's own default."""
    micro_batch_tokens: Annotated[int, Field(ge=32, le=65_536)] = 512
    """Prompt tokens computed at once; sizes the compute buffer. llama-server's own default."""
    kv_cache_type: Literal["f16", "q8_0"] = "f16"
    flash_attention: bool = True
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """CPU threads of one replica; the host's physical cores shared out when left out."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Pool":
        if self.micro_batch_tokens > self.batch_tokens:
            raise ValueError("micro_batch_tokens no larger than batch_tokens")
        if self.kv_cache_type != "f16" and not self.flash_attention:
            # llama.cpp refuses a quantised V cache without flash attention, after the model loaded.
            raise ValueError("kv_cache_type q8_0 with flash_attention on")
        return self
