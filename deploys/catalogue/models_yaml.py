"""Reads inventories/models.yaml, and adds an entry to it without touching what people wrote."""

import json
import re
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from deploys.catalogue.model import Adapter, Model
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Name
from deploys.settings.yaml_text import Values, read_yaml

SOURCES = re.compile(
    r"generated:tiny|file:/\S+|https?://\S+"
    # A commit, not a branch: what was reviewed is what is fetched.
    r"|hub:[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*@(?P<revision>[0-9a-f]{40})"
)


def read_models(path: Path) -> dict[str, Model]:
    """Name -> model; raises Refused with every complaint at once."""
    file = f"{path.parent.name}/{path.name}"
    complaints: list[Complaint] = []
    models = {}
    for name, raw in _entries(path, file).items():
        complaints += name_complaints(file, name)
        try:
            # As JSON, because strict reading takes its lists for tuples and nothing else.
            models[name] = Model.model_validate_json(json.dumps(raw, default=str))
        except ValidationError as error:
            complaints += complaints_of(error, file, Model, prefix=f"models.{name}")
        else:
            complaints += _contradictions(file, name, models[name])
    if complaints:
        raise Refused(sorted(complaints))
    return models


def with_model(text: str, name: str, model: Model) -> str:
    """The text of models.yaml with one more entry at its end; raises Refused.

    Everything that is there stays as it is, comments included.
    """
    document = {name: model.model_dump(mode="json", exclude_defaults=True)}
    entry = yaml.dump(document, Dumper=_Flat, sort_keys=False, width=100, allow_unicode=True)
    indent = " " * _indentation(text)
    indented = "".join(f"{indent}{line}\n" for line in entry.splitlines())
    longer = f"{text.rstrip()}\n\n{indented}"
    try:
        written = yaml.safe_load(longer)["models"][name] == document[name]
    except (yaml.YAMLError, TypeError, KeyError):
        written = False
    if written:
        return longer
    found = "is laid out so that no entry can be put at its end"
    hint = f"add it by hand:\n{indented}"
    raise Refused([Complaint("inventories/models.yaml", "", found, hint)])


def name_complaints(file: str, name: str) -> list[Complaint]:
    """What is wrong with `name` as an entry's; empty when nothing is."""
    try:
        TypeAdapter(Name).validate_python(name, strict=True)
    except ValidationError:
        hint = "small letters, digits, dots and dashes"
        return [Complaint(file, f"models.{name}", "is no name for a model", hint)]
    return []


def _indentation(text: str) -> int:
    """The column of the first entry's name."""
    match = re.search(r"^models:.*?\n( +)[^ #\n]", text, re.DOTALL | re.MULTILINE)
    return len(match[1]) if match else 2


def _entries(path: Path, file: str) -> Mapping[str, Any]:
    hint = "mend it by inventories/README.md; `git checkout` brings it back"
    document = read_yaml(path.parent.parent, file, hint, _UniqueKeys)
    if not isinstance(document, dict) or list(document) != ["models"]:
        found = "must hold the one key `models`"
        raise Refused([Complaint(file, "", found, "models: followed by one entry per name")])
    if not isinstance(document["models"], dict) or not document["models"]:
        raise Refused([Complaint(file, "models", "holds no entry", "homeport models add SOURCE")])
    entries: Mapping[str, Any] = document["models"]
    return entries


def _contradictions(file: str, name: str, model: Model) -> list[Complaint]:
    """What the schema alone cannot see."""
    place = f"models.{name}"
    complaints = _wrong_source(file, place, model)
    for adapter, words in model.adapters.items():
        complaints += _wrong_source(file, f"{place}.adapters.{adapter}", words)
    if not model.files:
        hint = "the weights: name, size_bytes and sha256 of each file"
        complaints.append(Complaint(file, f"{place}.files", "is empty", hint))
    twice = [
        one for one, count in Counter(file.name for file in model.every_file).items() if count > 1
    ]
    if twice:
        found = f"{', '.join(twice)} stands twice"
        complaints.append(Complaint(file, f"{place}.files", found, "one entry per file"))
    if model.architecture is None and not model.architecture_name:
        hint = "the file's own word for its architecture, or `unknown`"
        complaints.append(Complaint(file, f"{place}.architecture_name", "is missing", hint))
    return complaints


def _wrong_source(file: str, place: str, words: Model | Adapter) -> list[Complaint]:
    source = SOURCES.fullmatch(words.source)
    if source is None:
        hint = "generated:tiny, file:/absolute/path, https://…, or hub:OWNER/NAME@COMMIT"
        return [Complaint(file, f"{place}.source", f"found {words.source!r}", hint)]
    if words.revision != (source["revision"] or ""):
        found = f"found {words.revision!r}, and the source says {source['revision']!r}"
        return [Complaint(file, f"{place}.revision", found, "the source's commit")]
    return []


class _Flat(yaml.SafeDumper):
    """Numbers per layer on as few lines as they take, everything else as people write it."""


def _flat_numbers(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    numbers = bool(items) and all(isinstance(item, int) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=numbers)


_Flat.add_representer(list, _flat_numbers)


class _UniqueKeys(Values):
    """Of two entries with one name YAML silently keeps the later: both are refused instead."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if not isinstance(key, str):
                raise _at(node.value[index][0], f"the key {key!r} is not text: quote it")
            if key in keys[:index]:
                raise _at(node.value[index][0], f"{key!r} stands there twice")
        return super().construct_mapping(node, deep)


def _at(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
