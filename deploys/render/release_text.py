"""Reads a release's manifest, wherever it lies; each raises Refused."""

from pathlib import Path

from pydantic import ValidationError

from deploys.render.release import Release
from deploys.settings.refusal import Refused
from deploys.settings.validation import complaints_of
from deploys.settings.yaml_text import read_yaml


def read_manifest(root: Path, file: str, hint: str) -> Release:
    """What the file says; `hint` is told where it cannot be read."""
    return release_of(read_yaml(root, file, hint), file)


def release_of(document: object, file: str) -> Release:
    """What a manifest's YAML says that lies in `file`."""
    try:
        # YAML has no tuples: lists are taken for them, which strict reading refuses.
        return Release.model_validate(document, strict=False)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Release)) from None
