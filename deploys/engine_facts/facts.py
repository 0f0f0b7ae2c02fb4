"""The facts of an engine's version, as deploys/engine_facts/<engine>/<version>.yaml states them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from deploys.settings.yaml_text import loaded

FOLDER = Path(__file__).parent
# What is gone stands in a file of its own: an engine's parser knows only what there is.
GONE = "gone.yaml"

Takes = Literal["switch", "value", "values", "json"]


@dataclass(frozen=True)
class Flag:
    """One flag of the command line."""

    takes: Takes
    """`switch`: nothing; `values`: one word or more; `json`: one word that is JSON."""
    fits: tuple[str, ...] = ()
    """The only values there are; empty: the version does not say."""
    default: str = ""
    """As the engine writes it; empty: none, or it is not told."""
    also: tuple[str, ...] = ()
    """Other names of the same flag."""
    negated: tuple[str, ...] = ()
    """Names that turn a switch off."""


@dataclass(frozen=True)
class Gone:
    """A flag, or a value of one, that earlier versions had, or that guides name."""

    since: str
    """The first version without it; empty: not known; `never`: no version had it."""
    instead: str
    """What to write now, in words."""


@dataclass(frozen=True)
class Facts:
    """One version of one engine."""

    engine: str
    version: str
    flags: Mapping[str, Flag]
    environment: tuple[str, ...] = ()
    """Variables that it reads; empty: the version does not say."""
    gone: Mapping[str, Gone] = field(default_factory=dict)
    """By flag."""
    gone_values: Mapping[str, Mapping[str, Gone]] = field(default_factory=dict)
    """By flag and value."""

    @cached_property
    def names(self) -> Mapping[str, Flag]:
        """Every spelling of every flag, but those that turn a switch off."""
        also = {also: flag for flag in self.flags.values() for also in flag.also}
        return {**self.flags, **also}

    @cached_property
    def offs(self) -> frozenset[str]:
        """Every name that turns a switch off."""
        return frozenset(off for flag in self.flags.values() for off in flag.negated)


def versions(engine: str) -> list[str]:
    """Those whose facts there are, the oldest first."""
    found = (path.stem for path in (FOLDER / engine).glob("*.yaml") if path.name != GONE)
    return sorted(found, key=age)


def age(version: str) -> list[int]:
    """`0.33.0` as [0, 33, 0]: to be compared, later ones are greater."""
    return [int(word) for word in re.findall(r"\d+", version)]


@cache
def facts_of(engine: str, version: str) -> Facts | None:
    """None: there are no facts of this version."""
    if version not in versions(engine):
        return None
    document = loaded((FOLDER / engine / f"{version}.yaml").read_text())
    gone = loaded((FOLDER / engine / GONE).read_text())
    return Facts(
        engine=engine,
        version=version,
        flags=flags_from(document["flags"]),
        environment=tuple(document.get("environment", ())),
        gone=gone_from(gone["flags"]),
        gone_values={flag: gone_from(words) for flag, words in gone.get("values", {}).items()},
    )


def gone_from(document: Mapping[str, Mapping[str, str]]) -> dict[str, Gone]:
    """One part of a file of what is gone."""
    return {name: Gone(**words) for name, words in document.items()}


def flags_from(document: Mapping[str, Mapping[str, Any]]) -> dict[str, Flag]:
    """The flags of a facts file."""
    return {name: Flag(**_words(words)) for name, words in document.items()}


def _words(words: Mapping[str, Any]) -> dict[str, Any]:
    lists = {key: tuple(value) for key, value in words.items() if isinstance(value, list)}
    return {**words, **lists}
