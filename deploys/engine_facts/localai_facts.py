"""The facts of a version of LocalAI: keys of its model YAML, options of its backend, variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from deploys.engine_facts.facts import FOLDER, GONE, Gone, gone_from, versions
from deploys.settings.yaml_text import loaded

ENGINE = "localai"


@dataclass(frozen=True)
class LocalAiFacts:
    """One version; keys of keys are written with a dot."""

    version: str
    keys: Mapping[str, str]
    """Key -> `string`, `int`, `float`, `bool`, `strings`, `list`, `map` or `any`."""
    options: frozenset[str]
    """Names of what the backend llama-cpp takes below `options`."""
    fits: Mapping[str, tuple[str, ...]]
    """The only values that the backend llama-cpp takes of some keys."""
    idle: Mapping[str, str]
    """Keys that are read and that llama-cpp does not use, and what to write instead."""
    environment: frozenset[str]
    gone: Mapping[str, Gone]
    """Keys that guides write and nothing reads."""
    gone_environment: Mapping[str, Gone]


@cache
def localai_facts(version: str) -> LocalAiFacts | None:
    """None: there are no facts of this version."""
    if version not in versions(ENGINE):
        return None
    told = loaded((FOLDER / ENGINE / f"{version}.yaml").read_text())
    gone = loaded((FOLDER / ENGINE / GONE).read_text())
    return LocalAiFacts(
        version=version,
        keys=told["keys"],
        options=frozenset(told["options"]),
        fits={key: tuple(values) for key, values in told["fits"].items()},
        idle=told["idle"],
        environment=frozenset(told["environment"]),
        gone=gone_from(gone["keys"]),
        gone_environment=gone_from(gone["environment"]),
    )
