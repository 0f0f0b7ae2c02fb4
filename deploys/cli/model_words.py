"""What people write after `homeport models add`, in the catalogue's words."""

import re
from pathlib import Path

from deploys.catalogue.sources import GENERATED_TINY, file_name
from deploys.catalogue.split_names import whole_name
from deploys.settings.refusal import Complaint, Refused


def source_word(source: str) -> str:
    """A path or URL as the catalogue writes it; raises Refused."""
    if source == GENERATED_TINY or source.startswith("file:/"):
        return source.rstrip("/")
    if re.match(r"https?://", source):
        if re.match(r"https?://[^/]*@", source):
            # The entry is committed, and hosts fetch from it.
            found = "carries a user name or password, which would be committed"
            hint = "download it first, then give the path"
            raise Refused([Complaint("SOURCE", "", found, hint)])
        return source
    if "://" in source:
        hint = "a path, an http:// or https:// URL, or a hub's OWNER/NAME"
        raise Refused([Complaint(source, "", "is no source of a model", hint)])
    if source.startswith("hub:"):
        hint = "hub:OWNER/NAME, hub:OWNER/NAME@REVISION, hub:OWNER/NAME:Q4_K_M"
        raise Refused([Complaint(source, "", "names no repository of a hub", hint)])
    return f"file:{Path(source).expanduser().resolve()}"


def place_name(place: str) -> str:
    """The last word of a path or URL, from which the entry's name is made; raises Refused."""
    if place.startswith("file:") and Path(place.removeprefix("file:")).is_dir():
        return place.rpartition("/")[2]
    return file_name(place)


def entry_name(file: str) -> str:
    """A name for the catalogue from a file's name: `Qwen3_0.6B-Q8.gguf` -> `qwen3-0.6b-q8`."""
    word = re.sub(r"[^a-z0-9.]+", "-", whole_name(file).lower().removesuffix(".gguf"))
    return word[:63].strip(".-") or "model"
