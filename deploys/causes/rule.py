"""One cause as data: how it is told, whom it comes from, and what mends it (rules/*.yaml)."""

from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints, model_validator

from deploys.causes.wording import Wording, wording
from deploys.settings.words import Frozen

FOLDER = Path(__file__).with_name("rules")
# Whatever else was found is why; its own words say only that something ended.
ANY = "any"

Speaker = Literal["vllm", "llamacpp", "localai", "nginx", "docker", "nvidia", "linux", "homeport"]
CauseName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+){0,2}$")]


class Seen(Frozen):
    """One way in which the cause is told."""

    words: Annotated[str, Field(min_length=8)]
    unless: str = ""
    """Text beside which, in the same line, the words only warn of what may come."""
    says: Speaker
    since: Version | None = None
    """First version of the speaker that means this by it."""
    until: Version | None = None
    """First version that no longer does. Both count only where the log tells its version."""
    source: Annotated[str, StringConstraints(pattern=r"^(https://|deploys/|templates/).+")]
    """A thread in which somebody met it, or where the speaker's source has it."""

    @cached_property
    def wording(self) -> Wording:
        """The words, ready to be looked for."""
        return wording(self.words)


class Remedy(Frozen):
    """What to do: a setting to change, or a command; `how` alone where it is neither."""

    set: str = ""
    """Path in the inventory's words: `pools.POOL.context_tokens`."""
    run: str = ""
    """A command; ENV is the environment."""
    how: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> "Remedy":
        if bool(self.set) + bool(self.run) > 1 or not (self.set or self.run or self.how):
            raise ValueError("one of `set` and `run`, or `how` alone")
        return self


class Rule(Frozen):
    """A cause that logs tell of."""

    name: CauseName
    cause: str
    """One sentence; `{name}` stands for what the words kept."""
    follows: tuple[str, ...] = ()
    """Causes of which this one is a consequence, or `any`."""
    warns: bool = False
    """Whether one can live with it: it is no reason for an end."""
    seen: Annotated[tuple[Seen, ...], Field(min_length=1)]
    remedies: Annotated[tuple[Remedy, ...], Field(min_length=1)]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of the kit, in the order of their files."""
    return tuple(_read())


def _read() -> Iterator[Rule]:
    for file in sorted(FOLDER.glob("*.yaml")):
        for raw in yaml.safe_load(file.read_text(encoding="utf-8")):
            # Not strict: YAML has lists where a rule has tuples.
            yield Rule.model_validate(raw, strict=False)
