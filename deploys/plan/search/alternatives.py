"""The first step: which entries of the catalogue may serve a pool, the best first."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from deploys.catalogue.model import Model
from deploys.plan.memory.configuration import KnownWeights
from deploys.plan.search import ladder
from deploys.plan.search.known_quantizations import unknown_quantization
from deploys.plan.search.model_weights import disk_mib, gguf_weights
from deploys.settings.consistency import entries_of
from deploys.settings.engine_versions import PINNED
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.validation import near_miss

EngineName = Literal["llamacpp", "localai", "vllm"]
# Who reads a format; the first where nobody asks for another.
READERS: Mapping[str, tuple[EngineName, ...]] = {
    "gguf": ("llamacpp", "localai"),
    "safetensors": ("vllm",),
}


def computes_with_llamacpp(engine: EngineName) -> bool:
    """Whether its memory, layouts and arguments are llama.cpp's: LocalAI's backend is that."""
    return engine in READERS["gguf"]


@dataclass(frozen=True)
class Alternative:
    """One entry of the catalogue."""

    entry: str
    model: Model
    version: str = "pinned"
    """Of the engine that would serve it."""
    asked: EngineName | None = None
    """The engine that the pool asks for, where it reads the format."""

    @property
    def engine(self) -> EngineName:
        """The engine that would serve it."""
        return self.asked or READERS[self.model.format][0]

    @cached_property
    def gguf_weights(self) -> KnownWeights:
        """Bytes by tensor, worked out once for all tries."""
        return gguf_weights(self.model)

    @property
    def disk_mib(self) -> float:
        """All that a host keeps of it."""
        return disk_mib(self.model)


def alternatives(
    words: Pool, models: Mapping[str, Model], versions: Mapping[str, str] = PINNED
) -> tuple[Alternative, ...]:
    """Best first, for llama.cpp; vLLM's order depends on the GPU.

    One that is named, alone or by its quantization, is not held against the floor.
    """
    named = _named(words, models, versions)
    known = [one for one in named if unknown_quantization(one.entry, one.model) is None]
    return tuple(sorted(known, key=_preference))


def _named(
    words: Pool, models: Mapping[str, Model], versions: Mapping[str, str] = PINNED
) -> list[Alternative]:
    """Those that the pool's words leave."""
    named = [
        _alternative(entry, models[entry], words, versions)
        for entry in entries_of(words.model, models)
    ]
    pinned = words.quantization
    if pinned is not None:
        named = [one for one in named if one.model.quantization.upper() == pinned.upper()]
    elif words.model not in models and len(named) > 1:
        floor = words.least_quantization
        named = [one for one in named if ladder.is_at_least(one.model.quantization, floor)]
    return named


def _alternative(entry: str, model: Model, words: Pool, versions: Mapping[str, str]) -> Alternative:
    readers = READERS[model.format]
    asked = next((one for one in readers if one == words.engine), None)
    return Alternative(entry, model, versions[asked or readers[0]], asked)


def _preference(one: Alternative) -> tuple[tuple[bool, int, int, str], str]:
    quantization = one.model.quantization
    return ladder.gguf_preference(quantization, one.model.architecture), one.entry


def complaints(path: str, words: Pool, models: Mapping[str, Model]) -> list[tuple[str, str, str]]:
    """(path, found, hint) where no alternative is left, or a word is not one of the ladder's."""
    if not ladder.is_known(words.least_quantization):
        hint = near_miss(words.least_quantization, ladder.known_words())
        found = f"`{words.least_quantization}` is not a known quantization"
        return [(f"{path}.least_quantization", found, hint)]
    named = alternatives(words, models)
    if named:
        return _engine_complaint(path, words, {one.engine for one in named})
    unknown = [unknown_quantization(one.entry, one.model) for one in _named(words, models)]
    if unknown:
        return [(f"{path}.model", *found) for found in unknown if found]
    there = sorted({models[one].quantization for one in entries_of(words.model, models)})
    if words.quantization is not None:
        found = f"no entry of `{words.model}` is {words.quantization}"
        return [(f"{path}.quantization", found, near_miss(words.quantization, there))]
    found = f"no entry of `{words.model}` is at least {words.least_quantization}"
    hint = f"a lower floor, or `homeport models add` a finer one; there are: {', '.join(there)}"
    return [(f"{path}.least_quantization", found, hint)]


def _engine_complaint(path: str, words: Pool, there: set[EngineName]) -> list[tuple[str, str, str]]:
    """A pinned engine reads one format."""
    if words.engine == "auto" or words.engine in there:
        return []
    (other,) = there
    found = f"`{words.model}` has no entry in the format that {words.engine} reads"
    return [(f"{path}.engine", found, f"`{other}`, or `homeport models add` one")]


def refused_words(
    file: str, pools: Mapping[str, Pool], models: Mapping[str, Model]
) -> list[Complaint]:
    """Every complaint about what the pools ask of the catalogue."""
    return [
        Complaint(file, *complaint)
        for name, words in sorted(pools.items())
        for complaint in complaints(f"pools.{name}", words, models)
    ]
