"""The vision tower of config.json."""

from collections.abc import Mapping

from deploys.catalogue.architecture import VisionTower
from deploys.catalogue.config_words import Words
from deploys.catalogue.vision import ANY_SIZE, TowerWords, vision_tower
from deploys.catalogue.vision_tiles import config_tiles

# Qwen2-VL calls the tower's own width embed_dim, and the language model's hidden_size.
WIDTHS = ("embed_dim", "hidden_size")


def vision_of(config: Words, weights_bytes: int) -> VisionTower | None:
    """None without a tower, and where its file leaves sizes to the engine.

    Raises Unfit for sizes that cannot be.
    """
    tower = config.get("vision_config")
    if not isinstance(tower, Mapping) or not weights_bytes:
        return None
    kind = config.get("model_type")
    words = TowerWords(
        kind if isinstance(kind, str) else "",
        _first(tower, WIDTHS),
        _feed_forward(tower),
        _first(tower, ("image_size",)),
        _first(tower, ("patch_size", "spatial_patch_size")),
    )
    sizes = words[1:] if words.kind not in ANY_SIZE else (*words[1:3], words.patch_size)
    if not all(sizes):
        return None
    tiles = config_tiles(config, words.kind, words.image_size, words.patch_size)
    return vision_tower(words, weights_bytes, tiles)


def _feed_forward(tower: Words) -> int:
    ratio = tower.get("mlp_ratio")
    if "intermediate_size" not in tower and isinstance(ratio, int | float) and abs(ratio) < 1000:
        return int(_first(tower, WIDTHS) * ratio)
    return _first(tower, ("intermediate_size",))


def _first(tower: Words, keys: tuple[str, ...]) -> int:
    """Of sizes that are listed for both sides, such as InternVL's, the first; 0: not stated."""
    for key in keys:
        found = tower.get(key)
        size = found[0] if isinstance(found, list) and found else found
        if isinstance(size, int) and not isinstance(size, bool):
            return size
    return 0
