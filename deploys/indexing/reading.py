"""The input of an index: a file of lines, or a folder that is made into one."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deploys.batch.checking import Checked, Format
from deploys.batch.input_file import opened_input
from deploys.batch.offer import Offer
from deploys.indexing.folder import refuse_images, write_lines
from deploys.indexing.images import Sight
from deploys.indexing.item import Item, read_item


@dataclass(frozen=True)
class Source:
    """An input whose lines were all checked."""

    found: Checked
    again: Callable[[], Iterator[Item]]
    """The second reading: what is not finished."""
    left_out: int = 0
    """Files of a folder that are not indexed."""


@contextmanager
def lines_of(
    path: Path, passage_characters: int, sight: Sight, *, skip_images: bool = False
) -> Iterator[tuple[BinaryIO, int]]:
    """Lines that can be read twice, and how many files of a folder are not indexed."""
    if path.is_dir():
        if not sight.sees and not skip_images:
            refuse_images(path, sight.pool)
        # On the disk: a folder may be larger than memory. Nobody else sees it.
        with tempfile.TemporaryFile() as made:
            left_out = write_lines(path, made, passage_characters, images=sight.sees)
            made.seek(0)
            yield made, left_out
        return
    fits = "a file of JSON lines, or a folder"
    with opened_input(path, "is neither file nor folder", fits) as source:
        yield source, 0


def sight_of(path: Path, pool: str, offer: Offer) -> Sight:
    """Of an input, for a pool's public name."""
    folder = path if path.is_dir() else path.parent
    return Sight(folder, pool, pool in offer.seeing, offer.body_limit_bytes)


def item_format(file: str, offer: Offer, sight: Sight) -> Format[Item]:
    """Lines are texts or images; what is in a collection with the same digest is finished."""

    def read(text: bytes, number: int) -> Item:
        return read_item(text, number, file, sight)

    return Format(read, offer, lambda one: one.mark)


def beside(path: Path) -> Path:
    """Where dead letters of an input lie when nobody says where."""
    return path.parent / f"{path.resolve().name.removesuffix('.jsonl')}.dead.jsonl"
