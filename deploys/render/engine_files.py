"""Files that engines read beside their model: committed, and known by content on the host.

Compose mounts them from the host's store of models, not from the release: a container keeps what it
was started with over any number of releases, and a new one gets what its own release says while the
link `current` still shows the one before.
"""

import hashlib
from collections.abc import Iterator, Mapping

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import COMMITTED, store_folder
from deploys.plan.plan import Replica
from deploys.render.engines.localai_model import values
from deploys.render.engines.service import Service
from deploys.render.release import ModelCopy
from deploys.render.templates import Render
from deploys.settings.words import stands_in_for

# Below compose/<environment>/<host>/, a folder for each replica.
FOLDER = "gpu_hosts/localai"
TEMPLATE = "compose/gpu_hosts/localai/model.yaml.j2"


def rendered(
    environment: str, host: str, replica: Replica, service: Service, render: Render
) -> dict[str, str]:
    """File name -> text. A stand-in reads what its replica reads."""
    words = {
        "environment": environment,
        "host": host,
        "pool": replica.pool,
        "replica": stands_in_for(replica.name) or replica.name,
    }
    return {
        name: render(TEMPLATE, {**words, "entries": values(entries)})
        for name, entries in service.files.items()
    }


def mounts(service: Service, texts: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Each file from the host's store into the engine's folder."""
    if texts:
        folder = store_folder(_files(texts))
        for name in texts:
            source = f"../../models/{folder}/{name}"
            yield {"source": source, "target": f"{service.files_folder}/{name}"}


def copies(environment: str, host: str, shipped: Mapping[str, str]) -> Iterator[ModelCopy]:
    """What the host's store has to hold, of all files that are rendered for the host."""
    texts: dict[str, dict[str, str]] = {}
    for path, text in sorted(shipped.items()):
        if path.startswith(f"{FOLDER}/"):
            folder, name = path.removeprefix(f"{FOLDER}/").split("/")
            texts.setdefault(folder, {})[name] = text
    for replica, files in texts.items():
        source = f"{COMMITTED}compose/{environment}/{host}/{FOLDER}/{replica}/"
        yield ModelCopy(name=f"{replica}-localai", source=source, files=_files(files))


def _files(texts: Mapping[str, str]) -> tuple[ModelFile, ...]:
    return tuple(
        ModelFile(name=name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, text in sorted(texts.items())
        for data in [text.encode()]
    )
