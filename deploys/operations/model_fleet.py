"""Which host of a run brings a model file from outside, and who takes it from whom.

N hosts do not download N times: one does, and the others take the file from there. What each host
holds is noted by the first operation of the models deploy, which pyinfra ends on every host before
the next one begins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.facts.models import Store
from deploys.render.release import ModelCopy


@dataclass
class Seen:
    """One host as a run sees it, and what the run has changed since."""

    name: str
    address: str
    """Where the others reach it; empty: they don't."""
    missing: dict[str, ModelFile] = field(default_factory=dict)
    """sha256 -> file that some model of the host lacks and its .files does not hold."""
    held: set[str] = field(default_factory=set)
    """sha256 of what .files holds, of all that is asked for."""
    incoming: dict[str, int] = field(default_factory=dict)
    """sha256 -> bytes that an earlier run has brought."""
    whole: set[str] = field(default_factory=set)
    """Folders of models that are complete."""
    available_bytes: int = 0
    place: str = ""
    gives: bool = False
    takes: bool = False
    downloads: bool = False
    public_key: str = ""
    """For taking; made when it is needed."""
    giving: str = ""
    """`USER TYPE KEY` of its server, while that runs."""

    @property
    def needed_bytes(self) -> int:
        """What its disk must still take in."""
        sizes = (file.size_bytes - self.incoming.get(key, 0) for key, file in self.missing.items())
        return sum(max(0, size) for size in sizes)


def asked_paths(models: Iterable[ModelCopy]) -> tuple[str, ...]:
    """What to ask a store about: complete models, single files, and what is on its way."""
    places = {
        f"{store_folder(model.files)}/{file.name}" for model in models for file in model.files
    }
    files = sorted({file.sha256 for model in models for file in model.files})
    return (
        *sorted(places),
        *(f"{folder}/{sha256}" for folder in (".files", ".incoming") for sha256 in files),
    )


def seen(name: str, address: str, models: Iterable[ModelCopy], store: Store) -> Seen:
    """What a store says about a host."""
    found = Seen(name, address, available_bytes=store.available_bytes, place=store.place)
    found.gives, found.takes, found.downloads = store.gives, store.takes, store.downloads
    files = {file.sha256: file for model in models for file in model.files}
    for sha256, file in files.items():
        if _holds(store, f".files/{sha256}", file):
            found.held.add(sha256)
        found.incoming[sha256] = store.sizes.get(f".incoming/{sha256}", 0)
    for model in models:
        folder = store_folder(model.files)
        if all(_holds(store, f"{folder}/{one.name}", one) for one in model.files):
            found.whole.add(folder)
        else:
            found.missing |= {
                one.sha256: one for one in model.files if one.sha256 not in found.held
            }
    return found


def _holds(store: Store, path: str, file: ModelFile) -> bool:
    """Whether it is there; by its bytes where the host has read them."""
    sha256 = store.sha256.get(path, file.sha256)
    return (store.sizes.get(path), sha256) == (file.size_bytes, file.sha256)


def sources(hosts: Mapping[str, Seen]) -> dict[str, dict[str, str]]:
    """Host -> sha256 that it lacks -> host that it takes the file from; itself: from outside.

    Who holds a file gives it. Where nobody does, the host brings it that has most of it already,
    the first by name of several.
    """
    found: dict[str, dict[str, str]] = {name: {} for name in hosts}
    for sha256 in sorted({key for one in hosts.values() for key in one.missing}):
        lacking = [one for one in hosts.values() if sha256 in one.missing]
        holders = [one for one in hosts.values() if sha256 in one.held and _gives(one)]
        first = (
            min(holders, key=lambda one: one.name)
            if holders
            else min(
                lacking, key=lambda one: (not _gives(one), -one.incoming.get(sha256, 0), one.name)
            )
        )
        for one in lacking:
            may_take = one.takes and one.address and _gives(first)
            found[one.name][sha256] = first.name if may_take else one.name
    return found


def _gives(host: Seen) -> bool:
    return host.gives and bool(host.address)
