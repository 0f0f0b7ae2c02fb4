"""A model YAML of LocalAI against the facts of its version, more strictly than LocalAI reads it.

It drops unknown and misplaced keys, and skips a file that it finds wrong with a warning: both look
like a server that is well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from deploys.engine_facts.judging import Wrong
from deploys.engine_facts.localai_facts import LocalAiFacts
from deploys.settings.validation import near_miss

# What it has options, values and idle keys of: other backends read the same keys in their own way.
_LLAMA_CPP = "llama-cpp"
# ModelConfig.Validate of 4.9.0.
_BACKEND = re.compile(r"^[a-zA-Z0-9_-]+$")
_REQUIRED = ("name", "backend", "parameters.model")
_PATHS = ("parameters.model", "mmproj")
_WORDS = {
    "string": "a word in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "strings": "a list of words",
    "list": "a list",
    "map": "keys of its own",
}


def wrong_in_model(facts: LocalAiFacts, document: Mapping[str, Any]) -> list[Wrong]:
    """Every thing wrong with one model's file."""
    if not str(document.get("backend", _LLAMA_CPP)).endswith(_LLAMA_CPP):
        facts = replace(facts, options=frozenset(), fits={}, idle={})
    found = list(wrong_keys(facts, document))
    values = dict(_flat(document, ""))
    # A file that only gives a model another name.
    for key in ("name",) if "alias" in values else _REQUIRED:
        if key not in values:
            found.append(Wrong(key, "is missing", "a model is not served without it"))
    found += _wrong_places(values)
    return found


def wrong_keys(facts: LocalAiFacts, document: Mapping[str, Any]) -> Iterator[Wrong]:
    """Keys that do not exist, stand elsewhere, do nothing, or have values of another kind."""
    yield from _wrong_keys(facts, document, "")


def keys_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Every key, those of keys written with a dot."""
    return (key for key, _ in _flat(document, ""))


def _wrong_keys(facts: LocalAiFacts, document: Mapping[str, Any], above: str) -> Iterator[Wrong]:
    for name, value in document.items():
        key = f"{above}{name}"
        kind = facts.keys.get(key)
        if kind is None:
            yield _unknown(facts, key, str(name))
        elif key in facts.idle:
            yield Wrong(key, "is read and then used by nothing", facts.idle[key])
        elif not _is(kind, value):
            yield Wrong(key, f"found {value!r}", _hint(facts, key, kind, value))
        elif key in facts.fits and value not in facts.fits[key]:
            yield Wrong(key, f"found {value!r}", near_miss(str(value), facts.fits[key]))
        elif key == "options" and facts.options:
            yield from _wrong_options(facts, value)
        elif isinstance(value, Mapping) and any(one.startswith(f"{key}.") for one in facts.keys):
            yield from _wrong_keys(facts, value, f"{key}.")


def _unknown(facts: LocalAiFacts, key: str, name: str) -> Wrong:
    """Misplaced, never there, or misspelt."""
    found = f"is no key of LocalAI {facts.version}, which drops it silently"
    if name in facts.gone:
        return Wrong(key, found, facts.gone[name].instead)
    elsewhere = [one for one in facts.keys if one.rpartition(".")[2] == name]
    if elsewhere:
        place = f"`{elsewhere[0]}`" if "." in elsewhere[0] else f"`{name}` at the top level"
        return Wrong(key, found, f"it belongs elsewhere: {place}")
    above = key.removesuffix(name)
    beside = [one.removeprefix(above) for one in facts.keys if one.startswith(above)]
    return Wrong(key, found, near_miss(name, [one for one in beside if "." not in one]))


def _hint(facts: LocalAiFacts, key: str, kind: str, value: object) -> str:
    if kind == "string" and isinstance(value, bool) and key in facts.fits:
        # YAML 1.1 reads on and off as booleans.
        return f'quote it: "{"on" if value else "off"}"'
    return f"what fits: {_WORDS[kind]}"


def _is(kind: str, value: object) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind in ("int", "float"):
        numbers = int if kind == "int" else int | float
        return isinstance(value, numbers) and not isinstance(value, bool)
    if kind in ("strings", "list"):
        words = kind == "strings"
        return isinstance(value, list) and (not words or all(isinstance(o, str) for o in value))
    return kind == "any" or isinstance(value, Mapping if kind == "map" else str)


def _wrong_options(facts: LocalAiFacts, options: list[str]) -> Iterator[Wrong]:
    """NAME:VALUE; what begins with a dash goes to llama.cpp's own parser as it is."""
    for number, option in enumerate(options):
        name, colon, _ = option.partition(":")
        if name.startswith("-"):
            continue
        if name not in facts.options:
            found = f"`{name}` is no option of llama-cpp, which drops it silently"
            yield Wrong(f"options.{number}", found, near_miss(name, facts.options))
        elif not colon:
            yield Wrong(f"options.{number}", f"found {option!r}", f"what fits: {name}:VALUE")


def _wrong_places(values: Mapping[str, object]) -> Iterator[Wrong]:
    backend = values.get("backend")
    if isinstance(backend, str) and not _BACKEND.match(backend):
        yield Wrong("backend", f"found {backend!r}", "letters, digits, dashes and underscores")
    for key in _PATHS:
        path = PurePosixPath(str(values.get(key, "")))
        if path.is_absolute() or ".." in path.parts:
            yield Wrong(key, f"found {str(path)!r}", "a path below the folder of models")


def _flat(document: Mapping[str, Any], above: str) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        yield f"{above}{name}", value
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")


def wrong_in_environment(facts: LocalAiFacts, variables: Mapping[str, str]) -> Iterator[Wrong]:
    """Variables that guides write and nothing reads, and misspelt ones."""
    for name in variables:
        if name in facts.gone_environment:
            found = f"is read by nothing in LocalAI {facts.version}"
            yield Wrong(name, found, facts.gone_environment[name].instead)
        elif name.startswith("LOCALAI_") and name not in facts.environment:
            found = f"is no variable of LocalAI {facts.version}"
            yield Wrong(name, found, near_miss(name, facts.environment))
