"""Where a model's files lie in a host's store, and where each of them comes from."""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

from deploys.catalogue.model import ModelFile

HUB = "hub:"
# A folder of the checkout that is deployed from: files that are rendered and committed.
COMMITTED = "committed:"
DEFAULT_ENDPOINT = "https://huggingface.co"
# Files up to this are read whenever a store is looked at: settings of engines, of which another
# number is as long. Weights are known by their sizes.
READ_BYTES = 64 * 2**10


def store_folder(files: Sequence[ModelFile]) -> str:
    """The folder below DIRECTORY/models that holds exactly these files; engines mount it.

    Known by content: one file's own sha256, or that of the list that `sha256sum` would print of
    several. Another revision is another folder, so that a switch between them is never half done.
    """
    if len(files) == 1 and "/" not in files[0].name:
        return files[0].sha256
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_url(source: str, name: str, endpoint: str = DEFAULT_ENDPOINT) -> str:
    """The http(s) address of one file of a model; empty for sources that lie on the controller.

    A hub's is ENDPOINT/OWNER/NAME/resolve/REVISION/FILE, as huggingface_hub builds it. An address
    that ends in a slash is a folder of files.
    """
    if source.startswith(HUB):
        repository, _, revision = source.removeprefix(HUB).partition("@")
        return f"{endpoint.rstrip('/')}/{repository}/resolve/{quote(revision, '')}/{quote(name)}"
    if not source.startswith(("http://", "https://")):
        return ""
    return f"{source}{quote(name)}" if source.endswith("/") else source


def file_source(source: str, name: str) -> str:
    """The source of one file of a model, where `source` names a folder of the controller.

    Everything else, such as `generated:tiny` or one file's path, is its own.
    """
    here = source.startswith(("file:/", COMMITTED))
    return f"{source}{name}" if here and source.endswith("/") else source
