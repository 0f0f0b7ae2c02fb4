"""The facts behind inventories/models.yaml: where each was read, and the entry that they make.

tests/catalogue/catalogued/NAME.json holds an entry's files by content, the shapes of config.json or
of the GGUF header, and all tensors; `{36}` in a name stands for 0 to 35. No weights are needed: the
product reads the same from them as from the files themselves.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gguf import GGMLQuantizationType

from deploys.catalogue.byte_sources import local_source
from deploys.catalogue.config_architecture import architecture_of_config
from deploys.catalogue.gguf_header import header_of, projector_of
from deploys.catalogue.model import Model, ModelFile
from deploys.catalogue.quantization_config import quantization_word
from deploys.catalogue.safetensors_entry import kind_of
from deploys.catalogue.safetensors_weights import Heads, tensor_facts, weight_facts
from deploys.catalogue.stored_tensors import StoredTensor
from tests.catalogue.gguf_files import sparse_gguf
from tests.catalogue.published_models import stored

FOLDER = Path(__file__).parent / "catalogued"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))

Shape = tuple[str, list[int]]


def facts(name: str) -> dict[str, Any]:
    """What is known of one entry, with its sources."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def entry_of(name: str, folder: Path) -> Model:
    """The entry that the product makes of these facts; headers are written into `folder`."""
    known = facts(name)
    read = _gguf(known, folder) if "gguf" in known else _safetensors(known)
    return Model(
        source=source_of(known),
        revision=known.get("revision", ""),
        licence=known["licence"],
        base=known["base"],
        files=tuple(_file(file) for file in known["files"]),
        projector=_file(known["projector"]) if "projector" in known else None,
        **read,
    )


def source_of(known: dict[str, Any]) -> str:
    """A commit of the hub; what lies there now where no source tells one, held to its sha256."""
    if "revision" in known:
        return f"hub:{known['repository']}@{known['revision']}"
    return f"https://huggingface.co/{known['repository']}/resolve/main/"


def tensors_of(patterns: dict[str, Shape]) -> Iterator[tuple[str, Shape]]:
    """Every tensor by its own name."""
    for pattern, shape in patterns.items():
        counted = re.search(r"\{(\d+)\}", pattern)
        for number in range(int(counted[1]) if counted else 1):
            yield re.sub(r"\{\d+\}", str(number), pattern), shape


def safetensors_tensors(name: str) -> list[StoredTensor]:
    """All tensors of an entry of safetensors."""
    listed = tensors_of(facts(name)["tensors"])
    return [one for tensor, (dtype, shape) in listed for one in stored({tensor: shape}, dtype)]


def header(known: dict[str, Any], folder: Path, part: str = "") -> Path:
    """A GGUF file with the header of a model, or `part`="projector_" of its tower, and holes."""
    tensors = {
        name: (tuple(shape), GGMLQuantizationType[kind])
        for name, (kind, shape) in tensors_of(known[f"{part}tensors"])
    }
    return sparse_gguf(folder / f"{part}model.gguf", known[f"{part}gguf"], tensors)


def _file(facts: list[Any]) -> ModelFile:
    name, size_bytes, sha256 = facts
    return ModelFile(name=name, size_bytes=size_bytes, sha256=sha256)


def _gguf(known: dict[str, Any], folder: Path) -> dict[str, Any]:
    read = header_of([local_source(header(known, folder))])
    shape = read.architecture
    if shape and "projector" in known:
        tower = projector_of(local_source(header(known, folder, "projector_")))
        shape = shape.model_copy(update={"vision": tower})
    return {
        "format": "gguf",
        "quantization": read.quantization,
        "weights": read.weights,
        "architecture": shape,
        "kind": read.kind,
        "chat_template": read.chat_template,
    }


def _safetensors(known: dict[str, Any]) -> dict[str, Any]:
    config = known["config"]
    listed = tensors_of(known["tensors"])
    tensors = [one for name, (dtype, shape) in listed for one in stored({name: shape}, dtype)]
    words = config.get("text_config", config)
    layers, queries = words["num_hidden_layers"], words["num_attention_heads"]
    heads = Heads(queries, words.get("num_key_value_heads", queries))
    return {
        "format": "safetensors",
        "quantization": quantization_word(config),
        "weights": weight_facts(tensors, layers, heads),
        "architecture": architecture_of_config(config, tensor_facts(tensors, layers)),
        "kind": kind_of({name for name, *_ in known["files"]}, config),
        "chat_template": known["chat_template"],
    }
