"""The schema of inventories/models.yaml: what each model is and where its files come from."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.weight_facts import WeightFacts
from deploys.settings.words import Frozen, Name

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# A name, in one folder at most: hubs keep large quantizations and variants in folders.
FileName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,200}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,200}$"
    ),
]
# A commit of the hub: a branch would be another model tomorrow.
Revision = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40})?$")]


class ModelFile(Frozen):
    """One file of a model, known by its content."""

    name: FileName
    size_bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256


class Adapter(Frozen):
    """A LoRA adapter of a model: a folder as PEFT saves it, with its own source."""

    source: str
    """As a model's, but for `generated:tiny`; what ends in a slash is a folder of the files."""
    revision: Revision = ""
    licence: str
    rank: Annotated[int, Field(ge=1)]
    """`r` of its adapter_config.json."""
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]
    """adapter_config.json and adapter_model.safetensors."""


class Model(Frozen):
    """Weights at a revision."""

    source: str
    """Where a host's copy comes from: `generated:tiny`, `file:/absolute/path`, `https://…`,
    `hub:OWNER/NAME@REVISION`."""
    revision: Revision = ""
    """Of a hub's repository; empty elsewhere."""
    licence: str
    format: Literal["gguf", "safetensors"]
    base: str = ""
    """What it is a quantization of; entries with one base are alternatives."""
    quantization: str = ""
    """gguf: llama.cpp's file type (`Q4_K_M`); safetensors: vLLM's word (`bf16`, `fp8`, `awq`)."""
    files: tuple[ModelFile, ...]
    """Weights first; the parts of a split one in order."""
    projector: ModelFile | None = None
    """What turns images into embeddings for llama.cpp (mmproj)."""
    weights: WeightFacts | None = None
    """None: only the files' sizes are known."""
    architecture: Architecture | None
    """None: unknown; the weights are known then, the cache is not and is never guessed."""
    architecture_name: str = ""
    """The file's own word where `architecture` is None."""
    kind: Literal["chat", "embedding", "rerank"] = "chat"
    chat_template: bool
    """Whether the file brings its own chat template; without one, chat answers are garbage."""

    adapters: dict[Name, Adapter] = Field(default_factory=dict)
    """What may be served beside it, by name; a pool on vLLM says which (`vllm.adapters`)."""

    @property
    def every_file(self) -> tuple[ModelFile, ...]:
        """What an engine is given: the weights, and what belongs to them."""
        return (*self.files, *([self.projector] if self.projector else []))

    @property
    def shape(self) -> Architecture:
        """The architecture of a model that is known to have one; plans ask for it first."""
        if self.architecture is None:
            raise ValueError(f"the architecture {self.architecture_name!r} is unknown")
        return self.architecture
