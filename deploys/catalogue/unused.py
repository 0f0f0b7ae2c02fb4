"""What lies in a host's store of models that no release needs: neither a kept one nor the commit.

Revisions share equal files by hard links, so that what a removal frees is counted by inode.
"""

import base64
import binascii
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import yaml
from pydantic import TypeAdapter, ValidationError

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder

_FILES = TypeAdapter(tuple[ModelFile, ...])


@dataclass(frozen=True, order=True)
class Unused:
    """One thing in a store that can go."""

    path: str
    """Below the store: a revision's folder, or what was left on its way."""
    names: tuple[str, ...]
    """The files in it."""
    freed_bytes: int
    paths: tuple[str, ...]
    """All that goes with it."""


@dataclass(frozen=True)
class _Found:
    inode: str
    size_bytes: int
    path: str


def needed_words(models: Iterable[Sequence[ModelFile]]) -> set[str]:
    """Names in the store that models of these files need: folders, and files on their way."""
    return {
        word for files in models for word in (store_folder(files), *(one.sha256 for one in files))
    }


def question(directory: str) -> str:
    """sh: every file of the store, and the manifest of every release that the host keeps."""
    return (
        f"if cd {shlex.quote(directory)} 2>/dev/null; then "
        "find models -mindepth 2 -not -path '*/.taking/*' -type f "
        "-printf 'file %i %s %P\\n' 2>/dev/null; "
        "for manifest in releases/*/release.yaml; do "
        '[ ! -f "$manifest" ] || echo "manifest $(base64 -w 0 "$manifest")"; done; fi; true'
    )


def unused(answer: Iterable[str], committed: Iterable[str]) -> tuple[Unused, ...]:
    """What can go, from the answer to `question`; `committed`: see `needed_words`.

    Raises ValueError where a kept manifest cannot be read: nothing is known to be unused then.
    """
    needed, found = set(committed), []
    for line in answer:
        kind, _, rest = line.partition(" ")
        if kind == "manifest":
            needed |= _needed_by(rest)
        elif kind == "file":
            inode, size, path = rest.split(" ", 2)
            found.append(_Found(inode, int(size), path))
    return tuple(sorted(_unused(found, needed)))


def _unused(found: list[_Found], needed: set[str]) -> Iterable[Unused]:
    things: dict[str, list[_Found]] = defaultdict(list)
    for file in found:
        things[_thing(file.path)].append(file)
    kept = {
        file.inode
        for thing, files in things.items()
        if thing.rpartition("/")[2] in needed
        for file in files
    }
    # Folders first: a single file that one of them links to goes with it.
    told: set[str] = set()
    for thing in sorted(things, key=lambda name: (name.startswith("."), name)):
        mine = {file.inode: file.size_bytes for file in things[thing] if file.inode not in kept}
        single = thing.startswith(".files/")
        if thing.rpartition("/")[2] in needed or (single and not mine.keys() - told):
            continue
        links = {one.path for one in found if one.inode in mine and one.path.startswith(".files/")}
        names = tuple(sorted(file.path.partition("/")[2] for file in things[thing]))
        freed = sum(size for inode, size in mine.items() if inode not in told)
        told |= mine.keys()
        yield Unused(thing, names, freed, tuple(sorted({thing, *links})))


def _thing(path: str) -> str:
    """What is removed as one: a folder, or a single file of .files or .incoming."""
    first = path.partition("/")[0]
    return path if first in (".files", ".incoming") else first


def _needed_by(manifest: str) -> set[str]:
    try:
        document = yaml.safe_load(base64.b64decode(manifest, validate=True))
        lists = [model["files"] for model in document["models"]]
        return needed_words(_FILES.validate_python(files) for files in lists)
    except (yaml.YAMLError, binascii.Error, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"a kept release's manifest cannot be read: {error}") from None
    except ValidationError:
        raise ValueError("a kept release's manifest lists files that make no sense") from None
