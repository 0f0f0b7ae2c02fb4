"""What an engine told of itself, as the facts of its version; and how they differ from others."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from deploys.engine_facts.facts import Facts, Flag, Takes, age, facts_of, versions
from deploys.engine_facts.llamacpp_help import flags_from_help
from deploys.settings.refusal import Complaint, Refused

# llama-server --version: `version: 0.7.0 (build 11669, commit Debian)`, `version: 11669 (0c1e570)`.
_BUILD = re.compile(r"^version: (?:.*\bbuild )?(\d+)(?![\d.]).*", re.MULTILINE)
# 0.33.0+cpu and 0.8.5.post1 are releases; 0.34.0rc1 and 0.33.1.dev3+g1a2b3c4 come before theirs.
_RELEASE = re.compile(r"(\d+\.\d+\.\d+)(?:\.post\d+)?(?:\+.*)?")


@dataclass(frozen=True)
class Collected:
    """One version's facts, where they are from, and what it did not tell."""

    facts: Facts
    sources: tuple[str, ...]
    untold: tuple[str, ...] = ()


class _ToldFlag(BaseModel, strict=True):
    """One flag as vllm_dump.py writes it."""

    names: Annotated[list[str], Field(min_length=1)]
    takes: Takes
    negated: list[str]
    fits: list[str]
    default: str


class _Told(BaseModel, strict=True):
    """All that vllm_dump.py writes."""

    version: str
    flags: list[_ToldFlag]
    late: dict[str, list[str]]
    untold: list[str]
    environment: list[str]


def collected_llamacpp(told: str, help_text: str) -> Collected:
    """From `--version` and `--help` of llama-server; raises Refused."""
    found = _BUILD.search(told)
    flags = flags_from_help(help_text)
    if found is None or not flags:
        raise _refused("llama-server", "says neither its build nor its flags")
    facts = Facts("llamacpp", f"b{found[1]}", flags)
    return Collected(facts, (f"From `llama-server --help`, {found[0].strip()}.",))


def collected_vllm(text: str) -> Collected:
    """From what vllm_dump.py printed in an image of vLLM; raises Refused."""
    try:
        told = _Told.model_validate_json(text)
    except ValidationError:
        raise _refused("vllm", f"tells no flags: {text[:200]!r}") from None
    release = _RELEASE.fullmatch(told.version)
    flags = dict(_flag_of_vllm(one, told.late) for one in told.flags)
    if release is None or not flags:
        raise _refused("vllm", f"is no release that tells its flags: {told.version}")
    own = tuple(name for name in told.environment if name.startswith("VLLM_"))
    facts = Facts("vllm", release[1], flags, own)
    sources = ("From the parser of `vllm serve` itself and the lists that it looks into later.",)
    return Collected(facts, sources, tuple(told.untold))


def _flag_of_vllm(told: _ToldFlag, late: Mapping[str, Sequence[str]]) -> tuple[str, Flag]:
    on = [name for name in told.names if name not in told.negated] or told.names
    first = next((name for name in on if name.startswith("--")), on[0])
    fits = tuple(told.fits or late.get(first, ()))
    also = tuple(name for name in on if name != first)
    return first, Flag(told.takes, fits, told.default, also, tuple(told.negated))


def newest_before(engine: str, version: str) -> Facts | None:
    """The newest known version that is older, to compare with."""
    older = [one for one in versions(engine) if age(one) < age(version)]
    return facts_of(engine, older[-1]) if older else None


def differences(old: Facts, new: Facts) -> Iterator[str]:
    """One line for each flag that came, went or changed."""
    for name in sorted({*old.names, *new.names}):
        before, after = old.names.get(name), new.names.get(name)
        if before is None:
            yield f"+ {name}"
        elif after is None:
            yield f"- {name}"
        elif name in new.flags and before != after:
            yield f"~ {name}: {_changes(before, after)}"


def _changes(before: Flag, after: Flag) -> str:
    parts = []
    if before.takes != after.takes:
        parts.append(f"takes {after.takes} instead of {before.takes}")
    if before.default != after.default:
        parts.append(f"default {after.default or 'none'} instead of {before.default or 'none'}")
    came = sorted(set(after.fits) - set(before.fits))
    went = sorted(set(before.fits) - set(after.fits))
    parts += [f"with {', '.join(came)}"] if came else []
    parts += [f"without {', '.join(went)}"] if went else []
    return "; ".join(parts) or "other names"


def unexplained(old: Facts, new: Facts) -> Sequence[str]:
    """Flags that went and of which gone.yaml does not say what replaced them."""
    went = [name for name in old.flags if name not in new.names and name not in new.offs]
    return [name for name in sorted(went) if name not in old.gone]


def _refused(what: str, found: str) -> Refused:
    return Refused([Complaint(what, "", found, "an image of the engine, or what it printed")])
