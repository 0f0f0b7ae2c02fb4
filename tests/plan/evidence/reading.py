"""The figures of contexts.yaml and outside.yaml, each with its source."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from deploys.settings.words import Frozen
from deploys.settings.yaml_text import read_yaml

ROOT = Path(__file__).parent
Gpus = Literal["one", "several", "fabric"]


class Context(Frozen):
    """What CUDA said of a card on which there was an empty context."""

    card: str
    sm_count: int
    total_mib: int
    free_mib: int
    version: str
    source: str

    @property
    def taken_mib(self) -> int:
        """The context, and whatever else was on the card."""
        return self.total_mib - self.free_mib


class _Outside(Frozen):
    engine: Literal["V0", "V1"]
    gpus: Gpus
    card: str
    version: str
    source: str
    gib: dict[str, float]


@dataclass(frozen=True)
class Outside:
    """What one start of vLLM took outside PyTorch of each of its GPUs."""

    engine: str
    gpus: Gpus
    source: str
    model: str
    gib: float


def contexts() -> list[Context]:
    """In the file's order."""
    said = read_yaml(ROOT, "contexts.yaml", "it is committed")
    return TypeAdapter(list[Context]).validate_python(said)


def outside() -> list[Outside]:
    """A figure for each model of each source."""
    return list(_figures())


def _figures() -> Iterator[Outside]:
    said = read_yaml(ROOT, "outside.yaml", "it is committed")
    for one in TypeAdapter(list[_Outside]).validate_python(said):
        for model, gib in one.gib.items():
            yield Outside(one.engine, one.gpus, one.source, model, gib)
