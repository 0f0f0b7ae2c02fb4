"""What one image takes of the context where an engine cuts it into tiles.

The figures are those of the published code, worked out by hand: llama.cpp's tools/mtmd, vLLM's
llava_next.py and processors/internvl.py.
"""

from pathlib import Path

import pytest
from gguf import GGMLQuantizationType as Type

from deploys.catalogue.architecture import VisionTower
from deploys.catalogue.byte_sources import local_source
from deploys.catalogue.config_vision import vision_of
from deploys.catalogue.gguf_header import projector_of
from deploys.catalogue.models_yaml import read_models
from deploys.catalogue.unfit import Unfit
from deploys.catalogue.vision import tokens_of_an_image
from deploys.settings.refusal import Refused
from tests.catalogue.gguf_files import TOWER, Words, sparse_gguf
from tests.catalogue.published_models import fixture

MODELS = read_models(Path(__file__).resolve().parents[2] / "inventories" / "models.yaml")
LLAVA, INTERNVL = "llava-v1.6-mistral-7b", "internvl3-8b"
GRID = "clip.vision.image_grid_pinpoints"


def from_config(name: str, **words: object) -> VisionTower:
    """The tower of a published config.json; `words` change what it says around the tower."""
    tower = vision_of({**fixture(name)["config"], **words}, 1)
    assert tower is not None
    return tower


def from_header(folder: Path, **words: int | str | list[int]) -> VisionTower:
    """The tower of a projector's header; __ stands for a dot."""
    changed: Words = {key.replace("__", "."): value for key, value in words.items()}
    sizes: Words = {"clip.vision.image_size": 448, "clip.vision.patch_size": 14}
    file = sparse_gguf(
        folder / "mmproj.gguf", {**TOWER, **sizes, **changed}, {"v.x": ((32,), Type.F16)}
    )
    return projector_of(local_source(file))


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        # An overview and 2 x 2 tiles of 24 x 24 patches.
        ("llava-v1.6-mistral-7b-q4-k-m", 576 + 4 * 576),
        # 12 tiles and the whole, of 32 x 32 patches, four of which make a token.
        ("internvl3-8b-q4-k-m", 13 * 256),
        ("qwen3-vl-8b-q4-k-m", 46 * 46),
    ],
)
def test_llamacpp_puts_an_overview_beside_the_tiles(name: str, tokens: int) -> None:
    tower = MODELS[name].shape.vision
    assert tower is not None
    assert tokens_of_an_image(tower) == tokens


@pytest.mark.parametrize(
    ("name", "words", "tokens"),
    [
        # Lines of the 2 x 2 tiles laid together end with a token each.
        (LLAVA, {}, 576 + 48 * 48 + 48),
        (LLAVA, {"image_grid_pinpoints": [[336, 1008]]}, 576 + 24 * 72 + 24),
        (LLAVA, {"image_grid_pinpoints": [[1008, 336]]}, 576 + 72 * 24 + 72),
        (LLAVA, {"image_grid_pinpoints": None}, 2928),
        (INTERNVL, {}, (12 + 1) * 256),
        (INTERNVL, {"use_thumbnail": False}, 12 * 256),
        (INTERNVL, {"max_dynamic_patch": 1}, 256),
        (INTERNVL, {"dynamic_image_size": False}, 256),
        (INTERNVL, {"model_type": "internvl"}, (12 + 1) * 256),
    ],
)
def test_vllm_cuts_as_config_json_says(name: str, words: dict[str, object], tokens: int) -> None:
    assert tokens_of_an_image(from_config(name, **words)) == tokens


def test_a_projector_that_says_its_tiles_is_believed(tmp_path: Path) -> None:
    words: dict[str, int | str | list[int]] = {
        "clip__projector_type": "internvl",
        "clip__vision__preproc_max_tiles": 6,
    }
    assert tokens_of_an_image(from_header(tmp_path, **words)) == (6 + 1) * 256
    words |= {"clip__vision__projector__scale_factor": 4}
    assert tokens_of_an_image(from_header(tmp_path, **words)) == (6 + 1) * 64


def test_a_tower_without_a_grid_sees_one_tile(tmp_path: Path) -> None:
    assert tokens_of_an_image(from_header(tmp_path, clip__projector_type="mlp")) == 32 * 32


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (LLAVA, {"image_grid_pinpoints": [[336]]}),
        (LLAVA, {"image_grid_pinpoints": [[336, "672"]]}),
        (LLAVA, {"image_grid_pinpoints": [[336, 0]]}),
        (LLAVA, {"image_grid_pinpoints": [[336, 10**9]]}),
        (INTERNVL, {"max_dynamic_patch": 0}),
        (INTERNVL, {"max_dynamic_patch": "12"}),
        (INTERNVL, {"downsample_ratio": 0}),
    ],
)
def test_tiles_that_cannot_be_are_refused(name: str, words: dict[str, object]) -> None:
    with pytest.raises(Unfit, match="states"):
        from_config(name, **words)


def test_a_projector_with_an_empty_tile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="grid of tiles"):
        from_header(tmp_path, **{GRID.replace(".", "__"): [336, 0]})
