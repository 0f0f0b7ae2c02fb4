"""Where the bytes of a model's weights lie, so that a plan can place them without the file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deploys.settings.words import Frozen

Bytes = Annotated[int, Field(ge=0)]

Spread = Literal["vocabulary", "shards", "kv_heads", "experts", "whole", "vision", "draft"]


class SpreadBytes(Frozen):
    """Bytes of one number format that tensor parallelism divides in one way (vLLM's layers).

    vocabulary: embeddings and output, rows over all GPUs; shards: over all GPUs; kv_heads: over at
    most as many GPUs as there are kv heads; experts: the routed ones, over all GPUs; whole: on
    every GPU; vision: the tower, on every GPU; draft: layers for multi-token prediction, loaded
    only when they are used, then whole.
    """

    spread: Spread
    dtype: str
    """safetensors' word: BF16, F8_E4M3, I32, …"""
    size_bytes: Bytes


class WeightFacts(Frozen):
    """Bytes of the tensors by part, as the header lists them; together all of them.

    Without the vision tower of a projector file, which is a file of its own.
    """

    token_embedding_bytes: Bytes
    output_bytes: Bytes
    """0: the output uses the token embeddings."""
    layer_bytes: tuple[Bytes, ...]
    """Per block, routed experts left out; draft layers come last."""
    expert_bytes: tuple[Bytes, ...]
    """Per block, of the routed experts; as long as layer_bytes, 0 where there are none."""
    other_bytes: Bytes = 0
    largest_tensor_bytes: Bytes = 0
    """Without the token embeddings."""
    largest_expert_bytes: Bytes = 0
    """Of the tensors that hold the routed experts of one block."""
    layer_largest_bytes: tuple[Bytes, ...] = ()
    """Per block, the largest tensor of layer_bytes; only of GGUF, empty in entries that were taken
    in before it was read, and largest_tensor_bytes stands for each then."""
    expert_largest_bytes: tuple[Bytes, ...] = ()
    """The same of expert_bytes and largest_expert_bytes."""
    type_bytes: dict[str, Bytes] = Field(default_factory=dict)
    """Bytes by number format: what the tensors really are."""
    spread: tuple[SpreadBytes, ...] = ()
    """Only of safetensors."""

    @model_validator(mode="after")
    def _one_of_each_block(self) -> Self:
        for part in ("layer", "expert"):
            blocks = len(getattr(self, f"{part}_bytes"))
            largest = len(getattr(self, f"{part}_largest_bytes"))
            if largest not in (0, blocks):
                raise ValueError(f"{blocks} numbers in {part}_largest_bytes, as in {part}_bytes")
        return self

    @property
    def total_bytes(self) -> int:
        """All weights."""
        parts = self.token_embedding_bytes + self.output_bytes + self.other_bytes
        return parts + sum(self.layer_bytes) + sum(self.expert_bytes)
