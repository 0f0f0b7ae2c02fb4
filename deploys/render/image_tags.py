"""Names of the images that hosts build: the tag is the content of what they are built from."""

import hashlib
from pathlib import Path

BASE_RECIPE = "debian"


def built_reference(name: str, images_directory: Path) -> str:
    """`homeport/NAME:<12 hex>` of the files in images_directory/NAME and of the base's recipe.

    Versions of distribution packages are not part of it: the image records what it got.
    Raises FileNotFoundError when there is no such folder.
    """
    digest = hashlib.sha256()
    for folder in (BASE_RECIPE, name):
        for path in _files(images_directory / folder):
            content = path.read_bytes()
            relative = path.relative_to(images_directory).as_posix()
            # The length keeps the end of one file and the name of the next apart.
            digest.update(f"{relative}\0{len(content)}\0".encode())
            digest.update(content)
    return f"homeport/{name}:{digest.hexdigest()[:12]}"


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise FileNotFoundError(f"no folder to build an image from: {directory}")
    return sorted(path for path in directory.rglob("*") if path.is_file())
