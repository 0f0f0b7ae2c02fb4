"""A catalogue entry of safetensors: config.json, the index, and the header of every shard."""

import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from deploys.catalogue.config_architecture import MOST_LAYERS, architecture_of_config
from deploys.catalogue.config_words import Words, language_words, model_type, number, with_defaults
from deploys.catalogue.folder import Folder
from deploys.catalogue.json_file import json_file
from deploys.catalogue.model import Model
from deploys.catalogue.model_files import NOT_STATED, model_file
from deploys.catalogue.quantization_config import DTYPES, quantization_word
from deploys.catalogue.safetensors_weights import LAYER, Heads, tensor_facts, weight_facts
from deploys.catalogue.stored_tensors import StoredTensor, stored_tensors
from deploys.catalogue.unfit import Unfit
from deploys.settings.refusal import Complaint, Refused

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
MODELOPT = "hf_quant_config.json"
TEMPLATES = ("chat_template.jinja", "chat_template.json")
TOKENIZER = "tokenizer_config.json"
# What engines read beside the weights; no code, no other framework's weights.
BESIDE = re.compile(
    r"[\w.-]+\.(?:json|jinja|txt|model|tiktoken)"
    # How vectors are made of tokens: modules.json names such folders, and vLLM reads them.
    r"|\d_[A-Za-z]+/config\.json"
)
# Headers are small, and a hub answers each from another place.
ASKED_AT_ONCE = 8


def safetensors_entry(folder: Folder, base: str = "") -> Model:
    """Reads the whole model's facts; raises Refused with what is wrong."""
    shards = _shards(folder)
    config = json_file(folder, CONFIG)
    tensors = _tensors(folder, shards)
    try:
        return _entry(folder, config, shards, tensors, base)
    except Unfit as unfit:
        raise Refused([Complaint(folder.name, CONFIG, str(unfit), unfit.hint)]) from None


def _entry(
    folder: Folder, config: Words, shards: list[str], tensors: list[StoredTensor], base: str
) -> Model:
    layers, heads = _layers(config, tensors)
    shape = architecture_of_config(config, tensor_facts(tensors, layers))
    beside = json_file(folder, MODELOPT) if MODELOPT in folder.sizes else None
    quantization = quantization_word(config, beside)
    others = sorted(name for name in folder.sizes if BESIDE.fullmatch(name))
    return Model(
        source=folder.source,
        revision=folder.revision,
        licence=folder.licence or NOT_STATED,
        format="safetensors",
        base=base or _base(folder, quantization),
        quantization=quantization,
        files=tuple(model_file(folder, name) for name in (*shards, *others)),
        weights=weight_facts(tensors, layers, heads),
        architecture=shape,
        architecture_name="" if shape else model_type(config)[:60] or "unknown",
        kind=kind_of(folder.sizes, config, folder.task),
        chat_template=_has_template(folder),
    )


def _layers(config: Words, tensors: list[StoredTensor]) -> tuple[int, Heads]:
    """As config.json states them; counted where it does not, for the weights' sake."""
    words = with_defaults(language_words(config), model_type(config))
    counted = {found[1] for tensor in tensors if (found := LAYER.search(tensor.name))}
    stated = number(words, "num_hidden_layers", default=len(counted))
    # What cannot be is refused where the architecture is known; elsewhere it makes no list long.
    layers = stated if 0 < stated <= MOST_LAYERS else len(counted)
    heads = max(1, number(words, "num_attention_heads", default=1))
    return layers, Heads(heads, max(1, number(words, "num_key_value_heads", default=heads)))


def _shards(folder: Folder) -> list[str]:
    """The files that the index names; raises Refused for those that are not there."""
    if CONFIG not in folder.sizes:
        raise _refused(folder, f"has no {CONFIG}", "the folder as transformers saved it")
    if INDEX not in folder.sizes:
        if SINGLE in folder.sizes:
            return [SINGLE]
        raise _refused(folder, f"has neither {SINGLE} nor {INDEX}", "weights as safetensors")
    weight_map = json_file(folder, INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise _refused(folder, f"{INDEX} holds no weight_map", "get the file again")
    names = sorted({str(name) for name in weight_map.values()})
    missing = [name for name in names if name not in folder.sizes]
    if missing:
        found = f"{INDEX} names {', '.join(missing[:3])}, and {len(missing)} such are not there"
        raise _refused(folder, found, "get the missing files")
    return names


def _tensors(folder: Folder, shards: list[str]) -> list[StoredTensor]:
    def read(name: str) -> tuple[StoredTensor, ...]:
        return stored_tensors(folder.bytes_of(name), lambda: folder.header_of(name))

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        tensors = [tensor for found in pool.map(read, shards) for tensor in found]
    if not tensors:
        raise _refused(folder, "holds no tensors", "weights as safetensors")
    names = [tensor.name for tensor in tensors]
    if len(set(names)) < len(names):
        twice = next(name for name in sorted(names) if names.count(name) > 1)
        raise _refused(folder, f"{twice[:60]!r} stands in two files", "get the files again")
    if INDEX in folder.sizes:
        _refuse_other_tensors(folder, set(names))
    return tensors


def _refuse_other_tensors(folder: Folder, held: set[str]) -> None:
    """The index and the files must speak of the same tensors."""
    listed: set[str] = set(json_file(folder, INDEX)["weight_map"])
    lacking = sorted(listed - held)
    if lacking:
        found = f"{INDEX} lists {lacking[0][:60]!r}, which no file holds"
        raise _refused(folder, found, "get the files again, all of one revision")


def _base(folder: Folder, quantization: str) -> str:
    """Weights in their full precision are a base themselves, whatever they were trained from."""
    if quantization in DTYPES.values() and folder.name.startswith("hub:"):
        return folder.name.removeprefix("hub:")
    return folder.base


def kind_of(
    files: Collection[str], config: Words, task: str = ""
) -> Literal["chat", "embedding", "rerank"]:
    """By the head that the weights have, and what the place says they are for."""
    listed: Any = config.get("architectures")
    heads = [str(head) for head in listed] if isinstance(listed, list) else []
    if task == "text-ranking" or any("SequenceClassification" in head for head in heads):
        return "rerank"
    embeds = task in ("feature-extraction", "sentence-similarity")
    return "embedding" if embeds or "modules.json" in files else "chat"


def _has_template(folder: Folder) -> bool:
    if any(name in folder.sizes for name in TEMPLATES):
        return True
    return TOKENIZER in folder.sizes and bool(json_file(folder, TOKENIZER).get("chat_template"))


def _refused(folder: Folder, found: str, hint: str) -> Refused:
    return Refused([Complaint(folder.name, "", found, hint)])
