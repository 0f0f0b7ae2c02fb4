"""Images of an index: files beside the texts, of which a pool that sees makes vectors."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploys.batch.offer import ENVELOPE_BYTES

# As the gateway knows them (templates/nginx/pixels.js): end of the name -> type of the data URL.
KINDS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".gif": "gif",
    ".bmp": "bmp",
    ".webp": "webp",
}
SEEING = 'a pool on vllm whose model sees, with `"vllm": {"media": {"image": 1}}`'


@dataclass(frozen=True)
class Sight:
    """What the images of an input are judged by."""

    folder: Path
    """Where their names are looked up; nothing outside of it is read."""
    pool: str
    """Public name of the collection's."""
    sees: bool
    """Whether it makes vectors of images."""
    body_limit_bytes: int

    @property
    def most_bytes(self) -> int:
        """Of one file: base64 takes four bytes for three."""
        return (self.body_limit_bytes - ENVELOPE_BYTES) * 3 // 4


def blind(pool: str) -> str:
    """Why a pool takes none."""
    return f"and pool `{pool}` makes vectors of texts alone"


def image_complaints(sight: Sight, name: str) -> Iterator[tuple[str, str]]:
    """(found, hint) where an image cannot be asked for."""
    path = sight.folder / name
    if not sight.sees:
        yield f"is an image, {blind(sight.pool)}", SEEING
    elif path.suffix.lower() not in KINDS:
        yield f"{name!r} is no known kind of image", f"a file that ends in {', '.join(KINDS)}"
    elif not path.resolve().is_relative_to(sight.folder.resolve()):
        yield f"{name!r} lies outside of {sight.folder}", "a name from that folder on"
    elif not path.is_file():
        yield f"{name!r} is not there", f"a file below {sight.folder}"
    elif path.stat().st_size > sight.most_bytes:
        most = f"{sight.most_bytes / 2**20:,.1f} MiB"
        yield f"{name!r} is larger than {most}", "a smaller one, or a larger gateway.body_limit_mib"


def digest(path: Path) -> bytes:
    """sha256 of the file."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").digest()


def data_url(path: Path) -> str:
    """The image as a request holds it."""
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:image/{KINDS[path.suffix.lower()]};base64,{content}"
