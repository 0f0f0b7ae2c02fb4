"""The files of a model as they lie somewhere: on this machine, behind a URL, on a hub."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import parse_local_safetensors_file_metadata
from huggingface_hub.utils import SafetensorsFileMetadata

from deploys.catalogue.byte_sources import ByteSource, local_source
from deploys.catalogue.digest import sha256_of
from deploys.settings.refusal import Complaint, Refused


@dataclass(frozen=True)
class Folder:
    """What can be asked of these files; everything raises Refused."""

    name: str
    """As refusals name it."""
    source: str
    """As the catalogue writes it."""
    revision: str
    sizes: Mapping[str, int]
    """Bytes by name; one level of folders below."""
    path_of: Callable[[str], Path]
    """A small file, brought to this machine."""
    bytes_of: Callable[[str], ByteSource]
    header_of: Callable[[str], SafetensorsFileMetadata]
    """Of a safetensors file."""
    sha256_of: Callable[[str], str]
    licence: str = ""
    """As the place states it, beside the files."""
    base: str = ""
    """What these weights are a quantization of, as the place states it."""
    task: str = ""
    """A hub's pipeline tag."""


def local_folder(path: Path, source: str, names: Sequence[str] = ()) -> Folder:
    """The files `names` of `path`; where none are named, all that lie in it and one level below."""
    try:
        sizes = {name: (path / name).stat().st_size for name in names or _names(path)}
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        place = str(error.filename or path)
        raise Refused([Complaint(place, "", found, "name what is there and readable")]) from None
    return Folder(
        name=str(path),
        source=source,
        revision="",
        sizes=sizes,
        path_of=lambda name: path / name,
        bytes_of=lambda name: local_source(path / name),
        header_of=lambda name: parse_local_safetensors_file_metadata(path / name),
        sha256_of=lambda name: _digest(path / name),
    )


def _names(path: Path) -> list[str]:
    found = [file for pattern in ("*", "*/*") for file in path.glob(pattern) if file.is_file()]
    return sorted(file.relative_to(path).as_posix() for file in found)


def _digest(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(str(path), "", found, "name a readable file")]) from None
