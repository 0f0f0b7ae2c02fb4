"""Vision towers: how many patches the engine makes room for.

From llama.cpp's tools/mtmd/clip.cpp (set_warmup_n_tokens), commit 0c1e57098b: towers with images
of any size are warmed up with a square of so many tokens, each of 2 x 2 patches; the others take
images, or tiles of them, of one size (vision_tiles.py).
"""

from typing import NamedTuple

from deploys.catalogue.architecture import VisionTower
from deploys.catalogue.unfit import Unfit
from deploys.catalogue.vision_tiles import Tiles

ANY_SIZE_TOKENS = 46 * 46
# GGUF's projector types and Hugging Face's model types of such towers.
ANY_SIZE = (
    *("qwen2vl_merger", "qwen2.5vl_merger", "qwen3vl_merger", "glm4v"),
    *("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe"),
    *("glm4v", "glm4v_moe"),
)
MERGED_PATCHES = 2 * 2


def tokens_of_an_image(tower: VisionTower) -> int:
    """The most that one image takes of the context of the engine that reads its model's format.

    Of all tiles, and of the ends of their lines. InternVL3: (12 + 1) x 1024 / 4 = 3328 on each
    engine. LLaVA-NeXT: (4 + 1) x 576 = 2880 on llama.cpp, and 2928 on vLLM, for 48 lines.
    """
    if takes_any_size(tower):
        return ANY_SIZE_TOKENS
    return tower.tiles * (tower.patches // tower.patches_per_token) + tower.line_ends


def takes_any_size(tower: VisionTower) -> bool:
    """Whether images go in as large as they are, up to what the engine makes room for."""
    return tower.patches == ANY_SIZE_TOKENS * MERGED_PATCHES


class TowerWords(NamedTuple):
    """What a file says of its tower; sizes in pixels per side."""

    kind: str
    embedding_length: int
    feed_forward_length: int
    image_size: int
    patch_size: int


def vision_tower(words: TowerWords, weights_bytes: int, tiles: Tiles | None = None) -> VisionTower:
    """Raises Unfit for a tower without any size."""
    patches = ANY_SIZE_TOKENS * MERGED_PATCHES
    if words.kind not in ANY_SIZE:
        patches = (words.image_size // max(1, words.patch_size)) ** 2
    if min(weights_bytes, *words[1:3], words.patch_size, patches) < 1:
        raise Unfit(
            f"states a vision tower of length {words.embedding_length} and "
            f"{words.feed_forward_length} for images of {words.image_size} in patches of "
            f"{words.patch_size}"
        )
    return VisionTower(
        weights_bytes=weights_bytes,
        embedding_length=words.embedding_length,
        feed_forward_length=words.feed_forward_length,
        patches=patches,
        **(tiles or Tiles())._asdict(),
    )
