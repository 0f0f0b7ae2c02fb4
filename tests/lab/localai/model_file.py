"""A model file as LocalAI 4.9.0 reads it, but strictly: what it would drop or misread is an error.

Own code on purpose: the kit's own linter (deploys/engine_facts/localai_judging.py) is what the
double is to catch. Both know the keys from the same list of LocalAI's source.
"""

from pathlib import Path
from typing import Any

import yaml

# Go's types, by the words of the list.
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "strings": (list,),
    "list": (list,),
    "map": (dict,),
    "any": (object,),
}


class Broken(Exception):
    """Says what is wrong."""


class _NoDoubles(yaml.SafeLoader):
    """PyYAML takes the last of two equal keys; gopkg.in/yaml.v3 refuses the file."""


def _mapping(loader: _NoDoubles, node: yaml.MappingNode) -> dict[object, object]:
    names = [key.value for key, _ in node.value]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Broken(f"mapping key {sorted(twice)} already defined")
    return dict(loader.construct_pairs(node, deep=True))


_NoDoubles.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """One model; raises Broken."""
    document = yaml.load(path.read_text(), _NoDoubles)  # noqa: S506 - a SafeLoader
    if not isinstance(document, dict):
        raise Broken(f"{path.name}: is no mapping")
    _walk(document, "", facts["keys"], path.name)
    if not document.get("name"):
        raise Broken(f"{path.name}: has no name")
    if "alias" in document:
        return document
    if not document.get("backend") or not document.get("parameters", {}).get("model"):
        raise Broken(f"{path.name}: has no backend or no parameters.model")
    for place in (document["parameters"]["model"], document.get("mmproj", "x")):
        if place.startswith("/") or ".." in place.split("/"):
            raise Broken(f"{path.name}: {place} leaves the folder of models")
    _fits(document, facts, path.name)
    return document


def _walk(document: dict[str, Any], above: str, keys: dict[str, str], file: str) -> None:
    for name, value in document.items():
        key = f"{above}{name}"
        if key not in keys:
            raise Broken(f"{file}: field {key} not found in type config.ModelConfig")
        kinds = _KINDS[keys[key]]
        is_wrong = not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)
        if is_wrong and keys[key] != "any":
            raise Broken(f"{file}: cannot unmarshal {value!r} into {key} of type {keys[key]}")
        if keys[key] == "strings" and any(not isinstance(one, str) for one in value):
            raise Broken(f"{file}: cannot unmarshal {value!r} into {key} of type []string")
        if isinstance(value, dict) and any(one.startswith(f"{key}.") for one in keys):
            _walk(value, f"{key}.", keys, file)


def _fits(document: dict[str, Any], facts: dict[str, Any], file: str) -> None:
    for key, values in facts["fits"].items():
        if key in document and document[key] not in values:
            raise Broken(f"{file}: {key} {document[key]!r} is none of {values}")
    for key in facts["idle"]:
        if key in document:
            raise Broken(f"{file}: {key} is read and used by nothing")
    for option in document.get("options", ()):
        name, colon, _ = option.partition(":")
        if name not in facts["options"] or not colon:
            raise Broken(f"{file}: option {option!r} is dropped by the backend")
