"""Each entry of inventories/models.yaml is what the product makes of published facts."""

import json
from pathlib import Path

import pytest

from deploys.catalogue.models_yaml import read_models
from deploys.catalogue.stored_tensors import LENGTH_BYTES
from tests.catalogue.catalogued_models import NAMES, entry_of, facts, header, safetensors_tensors

MODELS = read_models(Path(__file__).resolve().parents[2] / "inventories" / "models.yaml")
# Made on the spot; tests/catalogue/test_tiny.py has its facts.
GENERATED = {"tiny-random"}
SAFETENSORS = [name for name in NAMES if "config" in facts(name)]
GGUF = [name for name in NAMES if "gguf" in facts(name)]
# Offsets count within a shard, and have fewer digits there; who lies in which is not known.
SHARD_BYTES_PER_TENSOR = 6
# The vocabulary and its merges, which are no tensors: 200,000 tokens take 13 MB.
MOST_VOCABULARY_BYTES_PER_TOKEN = 70


def test_every_entry_has_its_facts() -> None:
    assert set(MODELS) - GENERATED == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_what_the_product_reads(name: str, tmp_path: Path) -> None:
    assert MODELS[name] == entry_of(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_of_an_entry_name_where_they_were_read(name: str) -> None:
    known = facts(name)
    assert known["files_source"].startswith(f"https://huggingface.co/{known['repository']}/tree/")
    assert known.get("revision", "main") in known["files_source"]
    assert known["config_source"]
    # At a commit the hub's own card says it.
    assert "revision" in known or known["licence_source"]
    assert known["tensors_source"]


@pytest.mark.parametrize("name", SAFETENSORS)
def test_safetensors_are_as_large_as_their_tensors_and_headers(name: str) -> None:
    tensors = safetensors_tensors(name)
    files = [file.size_bytes for file in MODELS[name].files if file.name.endswith(".safetensors")]
    offset = 0
    listed: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for tensor in sorted(tensors):
        offsets = [offset, offset := offset + tensor.size_bytes]
        listed[tensor.name] = _described(tensor.dtype, tensor.shape, offsets)
    head = len(json.dumps(listed, separators=(",", ":")))
    whole = offset + LENGTH_BYTES + head + -head % 8
    # A file that holds them all is known to the byte.
    allowed = SHARD_BYTES_PER_TENSOR * len(tensors) if len(files) > 1 else 0
    assert abs(sum(files) - whole) <= allowed


def _described(dtype: str, shape: tuple[int, ...], offsets: list[int]) -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}


@pytest.mark.parametrize("name", GGUF)
def test_gguf_files_are_as_large_as_their_tensors_and_a_vocabulary(
    name: str, tmp_path: Path
) -> None:
    model = MODELS[name]
    rest = model.files[0].size_bytes - header(facts(name), tmp_path).stat().st_size
    assert 0 < rest < MOST_VOCABULARY_BYTES_PER_TOKEN * model.shape.vocabulary_size
    if model.projector:
        tower = header(facts(name), tmp_path, "projector_").stat().st_size
        assert abs(model.projector.size_bytes - tower) < 4096
