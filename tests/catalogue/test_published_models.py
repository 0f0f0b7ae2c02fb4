"""The same model has the same Architecture, whichever of its two formats it is read from."""

import json
import re
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.byte_sources import local_source
from deploys.catalogue.config_vision import vision_of
from deploys.catalogue.gguf_header import projector_of
from deploys.cli.model_facts import kv_bytes_per_token
from deploys.plan.cases.shapes import shape_of
from deploys.plan.cases.words import ArchitectureWords
from tests.catalogue.gguf_files import Tensors, Words, sparse_gguf
from tests.catalogue.published_models import NAMES, fixture, from_config, from_gguf

MEASUREMENTS = Path(__file__).resolve().parents[1] / "plan" / "measurements.json"
# llama.cpp's converter leaves DeepSeek's draft layer out of the file.
WITHOUT_DRAFTS = {"deepseek-v3"}


def known(shape: Architecture | None) -> Architecture:
    assert shape is not None
    return shape


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_of_a_model_give_the_same_architecture(name: str, tmp_path: Path) -> None:
    # A tower is a file of its own beside GGUF.
    config = known(from_config(name)).model_copy(update={"vision": None})
    if name in WITHOUT_DRAFTS:
        assert config.draft_layers == 1
        config = config.model_copy(update={"draft_layers": 0})
    assert config == known(from_gguf(name, tmp_path).architecture)


@pytest.mark.parametrize("name", NAMES)
def test_every_fixture_names_where_it_comes_from(name: str) -> None:
    published = fixture(name)
    assert published["source"].startswith("https://huggingface.co/")
    assert "conversion/" in published["gguf_source"]


@pytest.mark.parametrize(
    ("name", "size_bytes"),
    [
        # By hand: layers x kv heads x head x 2 (keys and values) x 2 bytes.
        ("llama-3.1-8b", 32 * 8 * 128 * 2 * 2),
        ("qwen2.5-0.5b", 24 * 2 * 64 * 2 * 2),
        ("qwen3-30b-a3b", 48 * 4 * 128 * 2 * 2),
        ("gemma-3-4b", 34 * 4 * 256 * 2 * 2),
        # One latent row of 512 + 64 for all heads, no values (DeepSeek-V2, section 2.1).
        ("deepseek-v3", 61 * 576 * 2),
        # Every fourth layer is an attention layer.
        ("qwen3.6-27b", 16 * 4 * 256 * 2 * 2),
        # 25 windowed layers of 8 heads and 5 that see all of 2 longer ones.
        ("gemma-4-26b-a4b", (25 * 8 * 256 + 5 * 2 * 512) * 2 * 2),
        ("granite-4.0-h-tiny", 4 * 4 * 128 * 2 * 2),
        ("nemotron-nano-9b-v2", 4 * 8 * 128 * 2 * 2),
    ],
)
def test_the_cache_of_one_token_is_what_the_dimensions_say(name: str, size_bytes: int) -> None:
    assert kv_bytes_per_token(known(from_config(name))) == size_bytes


def test_nemotrons_feed_forward_layers_keep_nothing() -> None:
    recurrent = known(from_config("nemotron-nano-9b-v2")).recurrent
    assert recurrent is not None
    pattern = fixture("nemotron-nano-9b-v2")["config"]["hybrid_override_pattern"]
    assert [pattern[layer] for layer in recurrent.attention_layers] == ["*"] * 4
    assert {pattern[layer] for layer in recurrent.stateless_layers} == {"-"}
    assert len(recurrent.stateless_layers) == pattern.count("-")


@pytest.mark.parametrize(
    ("name", "patches"),
    [
        ("gemma-3-27b", (896 // 14) ** 2),
        ("llava-v1.6-mistral-7b", (336 // 14) ** 2),
        ("internvl3-8b", (448 // 14) ** 2),
        # 46 x 46 tokens of 2 x 2 patches.
        ("qwen2.5-vl-7b", 46 * 46 * 4),
        ("glm-4.1v-9b", 46 * 46 * 4),
    ],
)
def test_a_tower_makes_room_for_the_engines_largest_image(name: str, patches: int) -> None:
    tower = vision_of(fixture(name)["config"], 800_000_000)
    assert tower is not None
    assert (tower.patches, tower.weights_bytes) == (patches, 800_000_000)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        # conversion/gemma.py and qwenvl.py write the vision_config under these names.
        ("gemma-3-4b", ("gemma3", 1152, 4304, 896, 14)),
        ("qwen2.5-vl-7b", ("qwen2.5vl_merger", 1280, 3420, 560, 14)),
    ],
)
def test_both_formats_give_the_same_tower(
    name: str, words: tuple[str, int, int, int, int], tmp_path: Path
) -> None:
    keys = ("embedding_length", "feed_forward_length", "image_size", "patch_size")
    header: Words = {"general.architecture": "clip", "clip.projector_type": words[0]}
    header |= {f"clip.vision.{key}": size for key, size in zip(keys, words[1:], strict=True)}
    tensors: Tensors = {"v.x": ((32,), GGMLQuantizationType.F16)}
    file = sparse_gguf(tmp_path / "mmproj.gguf", header, tensors)
    assert projector_of(local_source(file)) == vision_of(fixture(name)["config"], 64)


# What a log of the engine does not say; of a latent cache the heads are never laid out.
UNSAID = {"tied_embeddings", "rope_factors", "attention_bias", "draft_layers"}
UNSAID_OF_LATENT = {"key_length", "value_length"}
MEASURED = {
    name: found[1]
    for name in NAMES
    if (found := re.search(r"measurement (\w+)", fixture(name)["gguf_source"]))
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_fixture_has_the_dimensions_that_the_engine_printed(name: str, tmp_path: Path) -> None:
    entries = {entry["id"]: entry for entry in json.loads(MEASUREMENTS.read_text())["entries"]}
    words = ArchitectureWords.model_validate(entries[MEASURED[name]]["arch"])
    printed, read = shape_of(words), known(from_gguf(name, tmp_path).architecture)
    unsaid = UNSAID | (UNSAID_OF_LATENT if read.latent_attention else set())
    assert read.model_dump(exclude=unsaid) == printed.model_dump(exclude=unsaid)
