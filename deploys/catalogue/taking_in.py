"""From what people write after `homeport models add` to a whole catalogue entry."""

import re
from dataclasses import dataclass
from pathlib import Path

from deploys.catalogue.folder import Folder, local_folder
from deploys.catalogue.gguf_choice import SUFFIX, choices_of, chosen, projector_name
from deploys.catalogue.gguf_entry import gguf_entry
from deploys.catalogue.gguf_header import local_parts
from deploys.catalogue.hub import Hub, hub_folder
from deploys.catalogue.hub_source import HubSource
from deploys.catalogue.model import Model
from deploys.catalogue.safetensors_entry import CONFIG, safetensors_entry
from deploys.catalogue.sources import GENERATED_TINY, Progress, file_name, obtain
from deploys.catalogue.split_names import part_names
from deploys.catalogue.url_folder import downloaded, stated
from deploys.settings.refusal import Complaint, Refused

# What --projector says where a tower is there and not wanted.
NO_PROJECTOR = "none"
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Wish:
    """What is asked for beside the place."""

    projector: str = ""
    """A tower's file beside the model; empty: a hub's own; `none`: none."""
    base: str = ""
    """What the model is a quantization of."""
    sha256: tuple[str, ...] = ()
    """Of the files behind a URL, in order, the tower's last."""


def from_path(path: Path, wish: Wish) -> Model:
    """A GGUF file, or a folder of safetensors; raises Refused."""
    if path.is_dir():
        return _from_folder(path, wish)
    names = local_parts(path)
    tower = _tower_beside(path, wish)
    files = [*names, *([tower] if tower else [])]
    source = f"file:{path}" if len(files) == 1 else f"file:{path.parent}/"
    return gguf_entry(local_folder(path.parent, source, files), names, tower, wish.base)


def _tower_beside(path: Path, wish: Wish) -> str:
    """An entry has one place, so that its files lie in one folder."""
    if wish.projector in ("", NO_PROJECTOR):
        return ""
    tower = Path(wish.projector).expanduser()
    if tower.is_absolute() and tower.resolve().parent != path.parent:
        raise _refused(str(tower), "is not beside the model", f"put it into {path.parent}")
    return tower.name


def _from_folder(path: Path, wish: Wish) -> Model:
    folder = local_folder(path, f"file:{path}/")
    if CONFIG not in folder.sizes and choices_of(folder):
        names = ", ".join(choice.names[0] for choice in choices_of(folder)[:5])
        hint = f"give the path of one of them: {names}"
        raise _refused(str(path), "is a folder of GGUF files", hint)
    return safetensors_entry(folder, wish.base)


def generated(store: Path, progress: Progress) -> Model:
    """The demo's own model."""
    path = obtain(GENERATED_TINY, store, progress)
    return gguf_entry(local_folder(path.parent, GENERATED_TINY, [path.name]), [path.name])


def from_url(url: str, wish: Wish, store: Path, progress: Progress) -> Model:
    """A GGUF file behind a URL and, of a split one, the parts beside it; raises Refused."""
    projector = "" if wish.projector == NO_PROJECTOR else wish.projector
    names = part_names(file_name(url))
    files = [*names, *([projector] if projector else [])]
    if not wish.sha256:
        folder = downloaded(url, files, store, progress)
    elif len(wish.sha256) == len(files) and all(map(SHA256.fullmatch, wish.sha256)):
        folder = stated(url, files, dict(zip(files, wish.sha256, strict=True)))
    else:
        found = f"are {len(wish.sha256)} words for {len(files)} files"
        hint = f"one of 64 hexadecimal digits for each of {', '.join(files)}"
        raise _refused("--sha256", found, hint)
    return gguf_entry(folder, names, projector, wish.base)


def from_hub(source: HubSource, wish: Wish, hub: Hub) -> Model:
    """A repository at the commit that its revision is now; raises Refused."""
    folder = hub_folder(hub, source)
    if _is_safetensors(folder) and not _wants_gguf(folder, source.wanted):
        if source.wanted:
            hint = f"{folder.name} alone: safetensors are taken whole"
            raise _refused(folder.name, f"holds no {source.wanted}", hint)
        return safetensors_entry(folder, wish.base)
    names = chosen(folder, source.wanted).names
    if wish.projector == NO_PROJECTOR:
        return gguf_entry(folder, names, "", wish.base)
    return gguf_entry(folder, names, projector_name(folder.sizes, wish.projector), wish.base)


def _is_safetensors(folder: Folder) -> bool:
    return CONFIG in folder.sizes and any(name.endswith(".safetensors") for name in folder.sizes)


def _wants_gguf(folder: Folder, wanted: str) -> bool:
    """Some repositories hold both; a word after the name speaks of GGUF."""
    return bool(wanted) and any(name.endswith(SUFFIX) for name in folder.sizes)


def _refused(file: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(file, "", found, hint)])
