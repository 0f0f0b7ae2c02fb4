"""What a GGUF file says about itself: its shape, its weights, its licence."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gguf import LlamaFileType
from pydantic import ValidationError

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.gguf_bytes import MAGIC, Contents, Malformed, read_contents
from deploys.settings.refusal import Complaint, Refused

GET_AGAIN = "get the file again; `homeport models add` goes on where a download was cut off"
ANOTHER = "a text model in one GGUF file, as llama.cpp's converter writes it"


@dataclass(frozen=True)
class GgufHeader:
    """A local GGUF file, as far as planning needs to know it."""

    architecture: Architecture
    weights_bytes: int
    chat_template: bool
    quantization: str
    """In llama.cpp's words: `F16`, `Q4_K_M`."""
    licence: str | None
    """As the file states it; most do not."""


def read_header(path: Path) -> GgufHeader:
    """Reads the header of `path`; raises Refused for what is not a whole, servable GGUF file."""
    try:
        with _mapped(path) as data:
            contents = read_contents(data)
            return _header(contents)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}", "name a readable file") from None
    except Malformed as malformed:
        raise _refused(path, str(malformed), GET_AGAIN) from None
    except _Unfit as unfit:
        raise _refused(path, str(unfit), unfit.hint) from None


class _Unfit(Exception):
    """A whole GGUF file that no engine here can serve by itself."""

    def __init__(self, found: str, hint: str = ANOTHER) -> None:
        super().__init__(found)
        self.hint = hint


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file:
        start = file.read(64)
        if not start:
            raise Malformed("is empty")
        if not start.startswith(MAGIC):
            raise _Unfit(f"is not GGUF: {_guess(start)}")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _guess(start: bytes) -> str:
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the file behind it"
    if start.lstrip().startswith(b"<"):
        return "it is a web page, perhaps of a server that wants a login"
    if start.startswith(b"PK\x03\x04"):
        return "it is a zip archive, perhaps of PyTorch"
    return f"it starts with {start[:4]!r}, not {MAGIC!r}"


def _header(contents: Contents) -> GgufHeader:
    values = contents.values
    if _number(contents, "split.count", 1) > 1:
        hint = "join its parts with `llama-gguf-split --merge FIRST_PART WHOLE_FILE`"
        raise _Unfit(f"is one of {values['split.count']} parts", hint)
    if not contents.weights_bytes:
        raise _Unfit("holds no weights, only a vocabulary")
    licence = values.get("general.license")
    return GgufHeader(
        architecture=_architecture(contents),
        weights_bytes=contents.weights_bytes,
        chat_template=bool(values.get("tokenizer.chat_template")),
        quantization=_quantization(contents),
        licence=licence if isinstance(licence, str) else None,
    )


def _architecture(contents: Contents) -> Architecture:
    name = contents.values.get("general.architecture")
    if not isinstance(name, str):
        raise _Unfit("names no architecture")
    embedding = _number(contents, f"{name}.embedding_length")
    heads = _number(contents, f"{name}.attention.head_count")
    head = embedding // heads if heads > 0 else 0
    tokens = contents.counts.get("tokenizer.ggml.tokens")
    try:
        return Architecture(
            name=name,
            layers=_number(contents, f"{name}.block_count"),
            embedding_length=embedding,
            feed_forward_length=_number(contents, f"{name}.feed_forward_length"),
            heads=heads,
            kv_heads=_number(contents, f"{name}.attention.head_count_kv", heads),
            key_length=_number(contents, f"{name}.attention.key_length", head),
            value_length=_number(contents, f"{name}.attention.value_length", head),
            vocabulary_size=_number(contents, f"{name}.vocab_size", tokens),
            context_tokens=_number(contents, f"{name}.context_length"),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise _Unfit(f"states {first['loc'][0]} as {first['input']!r}") from None


def _number(contents: Contents, key: str, default: int | None = None) -> int:
    """A number of the header; of a list with one per layer the largest, to plan memory by."""
    value = contents.values.get(key, default)
    if isinstance(value, list) and value:
        value = max(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Unfit(f"states no {key}")
    return value


def _quantization(contents: Contents) -> str:
    number = contents.values.get("general.file_type")
    if isinstance(number, int) and number in set(LlamaFileType):
        return LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    types = contents.tensor_types
    return max(types, key=lambda name: types[name])


def _refused(path: Path, found: str, hint: str) -> Refused:
    return Refused([Complaint(str(path), "", found, hint)])
