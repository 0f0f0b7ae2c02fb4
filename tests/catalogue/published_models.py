"""Published models as fixtures: config.json and GGUF header of the same weights.

tests/catalogue/published/NAME.json names where each half comes from. Of config.json what speaks of
shapes is kept; of the tensors those whose name or presence is a fact.
"""

import json
from pathlib import Path
from typing import Any

from gguf import GGMLQuantizationType

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.config_architecture import architecture_of_config
from deploys.catalogue.config_words import language_words
from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.safetensors_weights import tensor_facts
from deploys.catalogue.stored_tensors import BITS, StoredTensor
from tests.catalogue.gguf_files import Tensors, sparse_gguf

FOLDER = Path(__file__).parent / "published"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def fixture(name: str) -> dict[str, Any]:
    """One published model, with the sources of its two halves."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def stored(shapes: dict[str, list[int]], dtype: str = "BF16") -> list[StoredTensor]:
    """Tensors of these shapes."""
    tensors = []
    for name, shape in shapes.items():
        elements = 1
        for size in shape:
            elements *= size
        tensors.append(StoredTensor(name, dtype, tuple(shape), elements * BITS[dtype] // 8))
    return tensors


def from_config(name: str, **words: object) -> Architecture | None:
    """What config.json says; `words` change its language model's."""
    published = fixture(name)
    config = published["config"]
    inner = dict(language_words(config))
    layers = inner.get("num_hidden_layers", 32)
    facts = tensor_facts(stored(published["tensors"]), layers)
    if words:
        config = {**inner, **words}
    return architecture_of_config(config, facts)


def gguf_tensors(name: str) -> Tensors:
    """The embeddings, and the tensors whose presence is a fact."""
    words = fixture(name)["gguf"]
    prefix = words["general.architecture"]
    width, rows = words[f"{prefix}.embedding_length"], words[f"{prefix}.vocab_size"]
    sizes = {"output.weight": (width, rows), "blk.0.ffn_up_shexp.weight": (width, 8192)}
    tensors: Tensors = {"token_embd.weight": ((width, rows), GGMLQuantizationType.F16)}
    for tensor in fixture(name)["gguf_tensors"]:
        tensors[tensor] = (sizes.get(tensor, (32,)), GGMLQuantizationType.F16)
    return tensors


def from_gguf(name: str, folder: Path, **words: int | list[int] | str | None) -> GgufHeader:
    """What the header says, read from a file; `words` change it, with _ for each dot."""
    changed = {**fixture(name)["gguf"], **words}
    path = folder / f"{name}.gguf"
    return read_header(sparse_gguf(path, changed, gguf_tensors(name)))
