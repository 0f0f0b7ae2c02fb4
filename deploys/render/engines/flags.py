"""Rendered arguments against the flags that the pinned engine really has."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from deploys.render.engines.service import Argument
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

FILE = "deploys/render/engines/vllm_flags.yaml"

Flags = Mapping[str, str | list[str]]


def checked(replica: str, arguments: Sequence[Argument]) -> Sequence[Argument]:
    """The same arguments; raises Refused with every flag or value that vLLM does not know.

    It would say so itself, but only a minute after its start.
    """
    complaints = [
        Complaint(FILE, f"{replica}.{flag}", found, hint)
        for argument in arguments
        for flag, found, hint in _wrong(argument.words)
    ]
    if complaints:
        raise Refused(complaints)
    return arguments


@cache
def known_flags() -> Flags:
    """Flag -> `switch`, `value`, or the values it may have."""
    document = yaml.safe_load((Path(__file__).parent / "vllm_flags.yaml").read_text())
    flags: Flags = document["flags"]
    return flags


def _wrong(words: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    name, *values = words
    if not name.startswith("--"):
        return
    known = known_flags()
    flag = name if name in known else name.replace("--no-", "--", 1)
    kind = known.get(flag)
    if kind is None or (name != flag and kind != "switch"):
        yield name, "is no flag of vllm serve 0.33.0", near_miss(name, known)
    elif (kind == "switch") != (not values):
        yield name, f"found {' '.join(values) or 'no value'}", f"what fits: a {kind}"
    elif isinstance(kind, list) and values[0] not in kind:
        yield name, f"found {values[0]}", near_miss(values[0], kind)
