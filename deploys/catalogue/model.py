"""The schema of inventories/models.yaml: what each model is and where its files come from."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from deploys.catalogue.architecture import Architecture
from deploys.settings.words import Frozen

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$")]


class ModelFile(Frozen):
    """One file of a model, known by its content."""

    name: FileName
    size_bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256


class Model(Frozen):
    """Weights at a revision."""

    source: str
    """`generated:tiny`, `file:/absolute/path`, `https://…`: where a host's copy comes from."""
    licence: str
    format: Literal["gguf"]
    files: tuple[ModelFile, ...]
    architecture: Architecture
    chat_template: bool
    """Whether the file brings its own chat template; without one, chat answers are garbage."""
