"""A small repository with one committed release, for operations that read the manifest."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploys.catalogue.model import ModelFile
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.render.release import ExpectedHardware, ModelCopy, Release

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = 'small = [("@local", {"directory": "store"})]\ngpu_hosts = ["@local"]\n'


def model_copy(content: bytes, source: str, name: str = "model.gguf", **words: object) -> ModelCopy:
    """One model of one file; `words` change what the manifest says about the file."""
    listed = {
        "name": name,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **words,
    }
    return ModelCopy(name="a-model", source=source, files=(ModelFile.model_validate(listed),))


def write_release(
    root: Path,
    models: tuple[ModelCopy, ...] = (),
    files: Mapping[str, str] | None = None,
    inventory: str = INVENTORY,
    name: str = "0123456789ab",
    *,
    hardware: ExpectedHardware | None = None,
) -> Release:
    """Commits a release of host localhost in environment `small` below `root`."""
    _write(root / "inventories/small.py", inventory)
    shutil.copy(ROOT / "config.py", root / "config.py")
    texts = files or {}
    for path, text in texts.items():
        folder = "nginx/small/localhost" if path.startswith("nginx/") else "compose/small/localhost"
        _write(root / folder / path.removeprefix("nginx/"), text)
    hashes = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in texts.items()}
    return commit_release(
        root, "small", "localhost", release=name, files=hashes, models=models, hardware=hardware
    )


def commit_release(root: Path, environment: str, host: str, **words: object) -> Release:
    """Writes the manifest of a host; `words` are fields that are not empty."""
    empty = {"release": "0123456789ab", "files": {}, "images": (), "models": (), "projects": ()}
    place = {"environment": environment, "host": host, "network": f"homeport-{environment}"}
    release = Release.model_validate(
        {"engines": None, "gateway": None, **empty, **place, **words}, strict=False
    )
    document = yaml.safe_dump(release.model_dump(mode="json"), sort_keys=False)
    _write(root / "compose" / environment / host / "release.yaml", document)
    return release


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def bring_models(root: Path, *, dry: bool = False) -> Run:
    """Runs deploys/models.py on this machine, from `root`."""
    return run_pyinfra(root, "small", str(ROOT / "deploys" / "models.py"), dry=dry)
