"""The figures of contexts.yaml, outside.yaml and graphs.yaml, each with its source."""

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


class _Starts(Frozen):
    card: str
    version: str
    source: str
    gib: dict[str, float]
    """Model -> what was printed of one GPU."""


class _Outside(_Starts):
    engine: Literal["V0", "V1"]
    gpus: Gpus


class _Graphs(_Starts):
    tensor_parallel: int | None


@dataclass(frozen=True)
class Outside:
    """What one start of vLLM took outside PyTorch of each of its GPUs."""

    engine: str
    gpus: Gpus
    source: str
    model: str
    gib: float


@dataclass(frozen=True)
class Graphs:
    """What one start of vLLM estimated its CUDA graphs to take of each of its GPUs."""

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


def graphs() -> list[Graphs]:
    """The same of what vLLM leaves for its CUDA graphs."""
    said = read_yaml(ROOT, "graphs.yaml", "it is committed")
    starts = TypeAdapter(list[_Graphs]).validate_python(said)
    return [Graphs(one.source, model, gib) for one in starts for model, gib in one.gib.items()]


def _figures() -> Iterator[Outside]:
    said = read_yaml(ROOT, "outside.yaml", "it is committed")
    for one in TypeAdapter(list[_Outside]).validate_python(said):
        for model, gib in one.gib.items():
            yield Outside(one.engine, one.gpus, one.source, model, gib)
