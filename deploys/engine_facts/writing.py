"""Facts as the text of their file: one flag a line, so that a new version is a readable diff."""

import json
from collections.abc import Iterator, Mapping, Sequence

from deploys.engine_facts.facts import Flag

# A word that YAML reads as itself, and neither as a number, a date, a boolean nor null.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-/")
_READ_OTHERWISE = frozenset({"on", "off", "yes", "no", "true", "false", "null"})


def facts_text(
    engine: str,
    version: str,
    sources: Sequence[str],
    flags: Mapping[str, Flag],
    environment: Sequence[str] = (),
) -> str:
    """The whole file; `sources` says where the facts are from, a line each."""
    head = [
        f"# Flags of {engine} {version}: deploys/engine_facts/README.md says what a line means."
    ]
    head += ["#", *(f"# {line}" for line in sources)]
    lines = [f"  {name}: {_flag_text(flag)}" for name, flag in sorted(flags.items())]
    if environment:
        lines += ["# Variables that it reads.", "environment:"]
        lines += [f"  - {name}" for name in sorted(environment)]
    return "\n".join([*head, "flags:", *lines, ""])


def _flag_text(flag: Flag) -> str:
    return "{" + ", ".join(_words(flag)) + "}"


def _words(flag: Flag) -> Iterator[str]:
    yield f"takes: {flag.takes}"
    if flag.fits:
        yield f"fits: [{', '.join(map(_scalar, flag.fits))}]"
    if flag.default:
        yield f"default: {_scalar(flag.default)}"
    if flag.also:
        yield f"also: [{', '.join(flag.also)}]"
    if flag.negated:
        yield f"negated: [{', '.join(flag.negated)}]"


def _scalar(word: str) -> str:
    plain = set(word) <= _PLAIN and word[:1].isalpha() and word.lower() not in _READ_OTHERWISE
    return word if plain else json.dumps(word, ensure_ascii=False)
