"""What a GGUF file says about itself: its shape, its weights, its licence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gguf import PoolingType

from deploys.catalogue.architecture import Architecture, VisionTower
from deploys.catalogue.byte_sources import ByteSource, local_source
from deploys.catalogue.gguf_architecture import architecture_of_header, layers_of
from deploys.catalogue.gguf_bytes import MAGIC, Malformed, MoreNeeded
from deploys.catalogue.gguf_contents import Contents, joined, read_contents
from deploys.catalogue.gguf_weights import quantization, weight_facts
from deploys.catalogue.split_names import is_later_part, part_names
from deploys.catalogue.unfit import Unfit
from deploys.catalogue.vision import TowerWords, vision_tower
from deploys.catalogue.vision_tiles import header_tiles
from deploys.catalogue.weight_facts import WeightFacts
from deploys.settings.refusal import Complaint, Refused

GET_AGAIN = "get the file again; `homeport models add` goes on where a download was cut off"
ANOTHER = "a text model as llama.cpp's converter writes it"
# A header without a large vocabulary fits; those with one are asked for again, larger.
FIRST_BYTES = 1 << 20
# The header's own word for a vision tower (gguf's MODEL_ARCH.MMPROJ).
PROJECTOR = "clip"


@dataclass(frozen=True)
class GgufHeader:
    """A GGUF model, as far as planning needs to know it."""

    architecture: Architecture | None
    """None: unknown."""
    architecture_name: str
    weights: WeightFacts
    chat_template: bool
    quantization: str
    """In llama.cpp's words: `F16`, `Q4_K_M`."""
    licence: str | None
    """As the file states it; most do not."""
    kind: Literal["chat", "embedding", "rerank"]


def read_header(path: Path) -> GgufHeader:
    """Reads a local file and, of a split one, the parts beside it; raises Refused."""
    return header_of([local_source(path.with_name(name)) for name in local_parts(path)])


def local_parts(path: Path) -> tuple[str, ...]:
    """The names of all parts, the first of which is `path`; raises Refused for a later one."""
    if is_later_part(path.name):
        hint = f"give the first part: {part_names(path.name)[0]}"
        raise _refused(str(path), "is a later part of a split file", hint)
    return part_names(path.name)


def header_of(parts: Sequence[ByteSource]) -> GgufHeader:
    """Reads the headers of all parts; raises Refused for what no engine here can serve."""
    contents = _contents_of(parts)
    name = contents.text("general.architecture")
    try:
        if name == PROJECTOR:
            hint = "give the model itself, and this file with --projector"
            raise Unfit("is a vision tower, not a model", hint)
        if not contents.tensors:
            raise Unfit("holds no weights, only a vocabulary")
        shape = architecture_of_header(contents)
        blocks = sum(layers_of(contents)) if shape else None
        weights = weight_facts(contents, blocks)
    except (Unfit, Malformed) as unfit:
        raise _refused(parts[0].name, str(unfit), getattr(unfit, "hint", ANOTHER)) from None
    return GgufHeader(
        architecture=shape,
        architecture_name="" if shape else name[:60],
        weights=weights,
        chat_template=bool(contents.values.get("tokenizer.chat_template")),
        quantization=quantization(contents),
        licence=contents.text("general.license") or None,
        kind=_kind(contents, name),
    )


def projector_of(source: ByteSource) -> VisionTower:
    """Reads a projector file (mmproj); raises Refused."""
    contents = _contents_of([source])
    try:
        if contents.text("general.architecture") != PROJECTOR:
            raise Unfit("is no vision tower", "the mmproj file that belongs to the model")
        words = TowerWords(
            contents.text("clip.projector_type") or contents.text("clip.vision.projector_type"),
            *(contents.number(f"clip.vision.{key}", 0) or 0 for key in _TOWER_KEYS),
        )
        tiles = header_tiles(contents, words.kind, words.image_size)
        return vision_tower(words, sum(one.size_bytes for one in contents.tensors), tiles)
    except Unfit as unfit:
        raise _refused(source.name, str(unfit), unfit.hint) from None


_TOWER_KEYS = ("embedding_length", "feed_forward_length", "image_size", "patch_size")


def _contents_of(parts: Sequence[ByteSource]) -> Contents:
    read = []
    for source in parts:
        try:
            read.append(_contents(source))
        except Malformed as malformed:
            raise _refused(source.name, str(malformed), GET_AGAIN) from None
        except Unfit as unfit:
            raise _refused(source.name, str(unfit), unfit.hint) from None
    if len(read) == 1 and (read[0].number("split.count", 1) or 1) > 1:
        hint = "keep the names that llama-gguf-split gave them: NAME-00001-of-0000N.gguf"
        found = f"is one of {read[0].values['split.count']} parts, and its name does not say so"
        raise _refused(parts[0].name, found, hint)
    try:
        return joined(read)
    except Malformed as malformed:
        raise _refused(parts[0].name, str(malformed), "take all parts from one place") from None


def _contents(source: ByteSource) -> Contents:
    length = FIRST_BYTES
    while True:
        with source.head(length) as data:
            if not data:
                raise Malformed("is empty")
            if data[: len(MAGIC)] != MAGIC:
                raise Unfit(f"is not GGUF: {_guess(bytes(data[:64]))}", ANOTHER)
            try:
                return read_contents(data, source.size_bytes)
            except MoreNeeded as more:
                # Eight times as much each time: few requests, and few bytes too many.
                length = max(more.length, length * 8)


def _guess(start: bytes) -> str:
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the file behind it"
    if start.lstrip().startswith(b"<"):
        return "it is a web page, perhaps of a server that wants a login"
    if start.startswith(b"PK\x03\x04"):
        return "it is a zip archive, perhaps of PyTorch"
    return f"it starts with {start[:4]!r}, not {MAGIC!r}"


def _kind(contents: Contents, name: str) -> Literal["chat", "embedding", "rerank"]:
    """By how the header says that tokens are pooled (llama.h, llama_pooling_type)."""
    pooling = contents.number(f"{name}.pooling_type", PoolingType.NONE)
    if pooling == PoolingType.RANK:
        return "rerank"
    return "chat" if pooling == PoolingType.NONE else "embedding"


def _refused(file: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(file, "", found, hint)])
