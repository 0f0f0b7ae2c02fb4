"""Into how many tiles an engine cuts one image, and how many patches become one token.

A GGUF file is read by llama.cpp and LocalAI, config.json by vLLM, and each says it as its reader
cuts. Grids (LLaVA-NeXT): tools/mtmd/mtmd-image.cpp (mtmd_image_preprocessor_llava_uhd) and
vllm/model_executor/models/llava_next.py (get_num_image_tokens), which ends each line with a token.
InternVL: tools/mtmd/clip.cpp (PROJECTOR_TYPE_INTERNVL of load_hparams, with its defaults) and
vllm/transformers_utils/processors/internvl.py. Read as they stood in 2026, not at the pinned
versions. The marks around an image are text, and are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from deploys.catalogue.config_words import Words, number
from deploys.catalogue.unfit import Unfit

if TYPE_CHECKING:
    # Plans need the numbers alone, and the reader of GGUF brings numpy.
    from deploys.catalogue.gguf_contents import Contents

# LlavaNextConfig of transformers 5.24.0, for files that leave it out: height and width in pixels.
NEXT_GRIDS = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))
INTERNVL_TILES = 12
MOST_TILES = 1 << 10
MERGED_SIDE = 2


class Tiles(NamedTuple):
    """As VisionTower says them."""

    tiles: int = 1
    patches_per_token: int = 1
    line_ends: int = 0


def header_tiles(contents: Contents, kind: str, image_size: int) -> Tiles:
    """Of a projector's header; raises Unfit for numbers that cannot be."""
    if kind == "internvl":
        most = contents.number("clip.vision.preproc_max_tiles", INTERNVL_TILES) or 0
        side = contents.number("clip.vision.projector.scale_factor", MERGED_SIDE) or 0
        return _checked(Tiles(1 + most, side * side))
    flat = contents.numbers("clip.vision.image_grid_pinpoints")
    if flat is None:
        return Tiles()
    return _checked(_laid_out(list(zip(flat[1::2], flat[::2], strict=False)), image_size, 0))


def config_tiles(config: Words, kind: str, image_size: int, patch_size: int) -> Tiles:
    """Of config.json; raises Unfit for numbers that cannot be."""
    if kind == "llava_next":
        found = config.get("image_grid_pinpoints") or NEXT_GRIDS
        return _checked(_laid_out(_pairs(found), image_size, image_size // max(1, patch_size)))
    if kind == "internvl":
        # transformers' own form leaves tiles to the processor: as many as the original's, at most.
        return Tiles(1 + INTERNVL_TILES, MERGED_SIDE**2)
    if kind != "internvl_chat":
        return Tiles()
    # What is left out is so in configuration_internvl_chat.py.
    most = number(config, "max_dynamic_patch", default=6) if config.get("dynamic_image_size") else 1
    overview = most > 1 and config.get("use_thumbnail") is True
    return _checked(Tiles(most + overview, _merged(config.get("downsample_ratio", 0.5))))


def _laid_out(grids: Sequence[tuple[int, int]], image_size: int, line: int) -> Tiles:
    """The grid with the most tokens, and the overview; `line` is patches along a tile's side."""
    if not grids or min(min(grid) for grid in grids) < 1 or image_size < 1:
        raise Unfit(f"states a grid of tiles for images of {image_size} as {grids!r:.60}")
    cut = [(ceil(height / image_size), ceil(width / image_size)) for height, width in grids]
    rows, columns = max(cut, key=lambda grid: grid[0] * (grid[1] * max(1, line) + 1))
    return Tiles(1 + rows * columns, line_ends=rows * line)


def _pairs(found: object) -> list[tuple[int, int]]:
    pairs = found if isinstance(found, list | tuple) else ()
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        pairs = ()
    whole = [(a, b) for a, b in pairs if type(a) is int and type(b) is int]
    return whole if len(whole) == len(pairs) else []


def _merged(ratio: object) -> int:
    """Patches of one token, where a side keeps this part of its length."""
    if not isinstance(ratio, int | float) or not 0.01 < ratio <= 1:
        raise Unfit(f"states downsample_ratio as {ratio!r:.60}")
    return round(1 / ratio) ** 2


def _checked(tiles: Tiles) -> Tiles:
    if not 1 <= tiles.tiles <= MOST_TILES or not 1 <= tiles.patches_per_token <= MOST_TILES:
        found = f"{tiles.tiles} tiles, and {tiles.patches_per_token} patches a token"
        raise Unfit(f"states for one image {found}")
    return tiles
