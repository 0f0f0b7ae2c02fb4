"""A folder of texts and images as lines of items: each text in passages that an engine takes
whole, each image by itself.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deploys.batch.json_text import written
from deploys.indexing.images import KINDS, SEEING, blind
from deploys.settings.refusal import Complaint, Refused

# What is read as text; other files are left out, and counted.
SUFFIXES = (".txt", ".md", ".rst", ".adoc", ".csv", ".json", ".yaml", ".yml", ".html", ".log")
# Shorter than this, a cut at a sentence or a blank leaves too little.
LEAST_PART = 0.5


def write_lines(
    folder: Path, target: BinaryIO, passage_characters: int, *, images: bool = False
) -> int:
    """Writes each passage as a line, and each image where `images` are wanted; gives how many
    files were left out.

    Raises Refused with every file that cannot be read, and for a folder without anything.
    """
    complaints, left_out, lines = [], 0, 0
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        if images and is_image(path, name):
            target.write(written({"id": name, "image": name, "metadata": {"file": name}}) + b"\n")
            lines += 1
            continue
        if path.suffix.lower() not in SUFFIXES or _is_hidden(name):
            left_out += 1
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            complaints.append(Complaint(str(path), "", "is not UTF-8", "convert it, or move it"))
            continue
        except OSError as error:
            hint = "a file that you may read"
            complaints.append(Complaint(str(path), "", f"cannot be read: {error.strerror}", hint))
            continue
        for number, passage in enumerate(passages(text.replace("\0", " "), passage_characters), 1):
            target.write(_line(name, number, passage))
            lines += 1
    if not complaints and not lines:
        hint = f"files that end in {', '.join(SUFFIXES)}"
        complaints.append(Complaint(str(folder), "", "holds no text", hint))
    if complaints:
        raise Refused(complaints)
    return left_out


def is_image(path: Path, name: str) -> bool:
    """By the end of its name, as all files of a folder are known."""
    return path.suffix.lower() in KINDS and not _is_hidden(name)


def refuse_images(folder: Path, pool: str) -> None:
    """Raises Refused where a folder holds images, for a pool that makes vectors of none."""
    names = [one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()]
    found = sorted(name for name in names if is_image(folder / name, name))
    if found:
        images = f"holds {len(found):,} images, such as {found[0]}, {blind(pool)}"
        hint = f"{SEEING}; or --skip-invalid, which leaves them out"
        raise Refused([Complaint(str(folder), "", images, hint)])


def passages(text: str, longest: int) -> Iterator[str]:
    """The text in pieces of at most `longest` characters: whole paragraphs where they fit
    together, else cut after a sentence, else at a blank.
    """
    passage = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in _pieces(paragraph.strip(), longest):
            if passage and len(passage) + 2 + len(piece) > longest:
                yield passage
                passage = ""
            passage = f"{passage}\n\n{piece}" if passage else piece
    if passage:
        yield passage


def _pieces(paragraph: str, longest: int) -> Iterator[str]:
    while len(paragraph) > longest:
        end = _cut(paragraph[:longest])
        yield paragraph[:end].strip()
        paragraph = paragraph[end:].strip()
    if paragraph:
        yield paragraph


def _cut(text: str) -> int:
    """Where a text of the greatest length ends best."""
    least = int(len(text) * LEAST_PART)
    for pattern in (r"[.!?][\"')\]]?\s", r"\s"):
        ends = [found.end() for found in re.finditer(pattern, text) if found.end() > least]
        if ends:
            return ends[-1]
    return len(text)


def _line(name: str, number: int, passage: str) -> bytes:
    metadata = {"file": name, "passage": number}
    return written({"id": f"{name}#{number}", "text": passage, "metadata": metadata}) + b"\n"


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
