"""What lies in the kit's directory on a host: the current release and the models."""

import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import READ_BYTES
from deploys.render.release import ModelCopy
from deploys.render.release_gateway import ANSWERS, COUNTERS

# What people want to see of a drain or a share; a file that grew is not shipped whole.
LARGEST_STATE_BYTES = 4096


def link(path: str) -> str:
    """sh: what a symbolic link points to; nothing when there is none."""
    return f"readlink {shlex.quote(path)}"


def digests(directory: str) -> str:
    """sh: sha256 of each file of the current release, and whatever else lies between them."""
    current = shlex.quote(f"{directory}/current/")
    return (
        f"if cd {current} 2>/dev/null; then find . -type f -exec sha256sum {{}} +; "
        "find . ! -type f ! -type d -exec printf 'no-file  %s\\n' {} +; fi"
    )


def files(text: str) -> dict[str, str]:
    """Path below the release -> sha256, or `no-file` for a link, socket or device."""
    pairs = (line.split("  ./", 1) for line in text.splitlines() if "  ./" in line)
    return {path: digest for digest, path in pairs}


def model_sizes(directory: str, models: Iterable[ModelCopy]) -> str:
    """sh: size in bytes and path of each model file that is there."""
    return (
        "; ".join(
            f"wc -c {shlex.quote(path)} 2>/dev/null" for path in _model_paths(directory, models)
        )
        or ":"
    )


def model_digests(directory: str, models: Iterable[ModelCopy], *, every: bool) -> str:
    """sh: sha256 and path of each small model file that is there; of `every` one on request, which
    reads every byte of the weights.
    """
    paths = _model_paths(directory, models)
    read = [path for path, file in paths.items() if every or file.size_bytes <= READ_BYTES]
    return "; ".join(f"sha256sum {shlex.quote(path)} 2>/dev/null" for path in read) or ":"


def by_model(text: str, directory: str, models: Iterable[ModelCopy]) -> dict[str, str]:
    """sha256 that the manifest names -> the first word about it, for models that are there."""
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if " " in line)
    words = {path: word for word, path in pairs}
    paths = _model_paths(directory, models)
    return {file.sha256: words[path] for path, file in paths.items() if path in words}


def state(directory: str) -> str:
    """sh: name and text of each file of the gateway's runtime state that people made."""
    # Left out: drains and canaries, which are told in words, what follows from them and the
    # release, and what nginx keeps: answers and counters are its own, and the clients'.
    derived = "! -name loaded.conf ! -name drained.conf "
    kept = (PurePosixPath(path).name for path in (ANSWERS, COUNTERS))
    folders = ("pools", "drained", "canaries", *kept)
    derived += " ".join(f"! -path './{folder}/*'" for folder in folders)
    return (
        f"if cd {shlex.quote(f'{directory}/state/gateway')} 2>/dev/null; then "
        f"find . -type f {derived} | sort | while read -r f; do "
        f'echo "=== ${{f#./}}"; head -c {LARGEST_STATE_BYTES} "$f"; echo; done; fi'
    )


def state_files(text: str) -> dict[str, str]:
    """File -> its text."""
    parts = (part.split("\n", 1) for part in f"\n{text}".split("\n=== ")[1:])
    return {part[0]: part[-1].strip() for part in parts if len(part) == 2}


def _model_paths(directory: str, models: Iterable[ModelCopy]) -> dict[str, ModelFile]:
    return {path: file for model in models for path, file in model.places(directory).items()}
