"""What a GGUF file of a vision tower says, and that it is told from a model's."""

from pathlib import Path

import pytest
from gguf import GGMLQuantizationType as Type

from deploys.catalogue.byte_sources import local_source
from deploys.catalogue.gguf_header import projector_of, read_header
from deploys.settings.refusal import Refused
from tests.catalogue.gguf_files import SHAPE, TOWER, Tensors, Words, sparse_gguf

MODEL: Words = {"general.architecture": "llama", **SHAPE}


def test_a_projector_says_what_it_needs(tmp_path: Path) -> None:
    tensors: Tensors = {"v.patch_embd.weight": ((1152, 64), Type.F16)}
    tower = projector_of(local_source(sparse_gguf(tmp_path / "mmproj.gguf", TOWER, tensors)))
    assert (tower.weights_bytes, tower.patches) == (1152 * 64 * 2, 64 * 64)


def test_a_projector_is_no_model_and_a_model_no_projector(tmp_path: Path) -> None:
    tower = sparse_gguf(tmp_path / "mmproj.gguf", TOWER, {"v.x": ((32,), Type.F16)})
    with pytest.raises(Refused, match="is a vision tower"):
        read_header(tower)
    model = sparse_gguf(tmp_path / "a.gguf", MODEL, {"token_embd.weight": ((256, 100), Type.Q6_K)})
    with pytest.raises(Refused, match="is no vision tower"):
        projector_of(local_source(model))


def test_a_tower_without_size_is_refused(tmp_path: Path) -> None:
    words: Words = {**TOWER, "clip.vision.patch_size": 0}
    path = sparse_gguf(tmp_path / "mmproj.gguf", words, {"v.x": ((32,), Type.F16)})
    with pytest.raises(Refused, match="in patches of 0"):
        projector_of(local_source(path))
