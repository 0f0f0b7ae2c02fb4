"""inventories/images/ENV.yaml: which digest each tag had when `homeport lock ENV` asked.

Committed and reviewed like the rest. A tag may be moved by whoever may push; a digest is the
content, so that all hosts run the same bytes, tomorrow too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import StringConstraints, ValidationError

from deploys.settings.refusal import Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen
from deploys.settings.yaml_text import read_yaml

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]

HEADER = """\
# What each image's tag was when `homeport lock {environment}` asked the registry. `render` writes
# these digests; the same command renews them.
"""


class _Lock(Frozen):
    images: dict[str, Digest]


def lock_path(environment: str) -> str:
    """The file, below the repository root."""
    return f"inventories/images/{environment}.yaml"


def read_lock(root: Path, environment: str) -> dict[str, str] | None:
    """Reference with its tag -> digest; None where nothing is locked. Raises Refused."""
    file = lock_path(environment)
    hint = f"homeport lock {environment} writes it anew"
    if not (root / file).exists():
        return None
    document = read_yaml(root, file, hint)
    try:
        return dict(_Lock.model_validate(document).images)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, _Lock)) from None


def lock_text(environment: str, digests: Mapping[str, str]) -> str:
    """The file's text; one line per image, so that a moved tag is one line of a diff."""
    body = yaml.safe_dump({"images": dict(sorted(digests.items()))}, width=1000)
    return HEADER.format(environment=environment) + body


def with_digest(reference: str, digest: str) -> str:
    """`NAME:TAG` -> `NAME@DIGEST`; without a digest as it is."""
    if not digest:
        return reference
    name, colon, tag = reference.rpartition(":")
    # A colon before the last slash stands before a port.
    return f"{reference if not colon or '/' in tag else name}@{digest}"
