"""Whose vectors each collection holds: a model at a revision, as it was planned."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploys.catalogue.model import Model
from deploys.catalogue.store import store_folder
from deploys.settings.environment import Environment, Host
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.retrieval import Collection, Retrieval
from deploys.settings.retrieval_consistency import too_wide


@dataclass(frozen=True)
class CollectionPlan:
    """One collection, and the model that all its vectors are of."""

    words: Collection
    asked_as: str
    """The pool's public name."""
    model: str
    """The entry of the catalogue."""
    revision: str
    """sha256 of the model's files: another quantization, too, gives other vectors."""
    dimension: int


@dataclass(frozen=True)
class RetrievalPlan:
    """The vector store, planned."""

    settings: Retrieval
    collections: Mapping[str, CollectionPlan]


# Pool -> its public name, the catalogue's entry, and that entry.
Served = Mapping[str, tuple[str, str, Model]]


def retrieval_plan(file: str, retrieval: Retrieval | None, served: Served) -> RetrievalPlan | None:
    """None where nothing is described; raises Refused where an index cannot take the model's
    vectors. `file` says where that is described.
    """
    if retrieval is None:
        return None
    names = sorted(retrieval.collections)
    planned = {name: _planned(retrieval.collections[name], served) for name in names}
    complaints = [
        Complaint(file, f"retrieval.collections.{name}.{path}", found, hint)
        for name, one in planned.items()
        for path, found, hint in too_wide(one.words, one.dimension)
    ]
    if complaints:
        raise Refused(complaints)
    return RetrievalPlan(retrieval, planned)


def beside_store(environment: Environment) -> Environment:
    """The environment as engines see it: without the RAM that the vector store has."""
    retrieval = environment.retrieval
    if retrieval is None:
        return environment

    def left(host: Host) -> Host:
        if "vector_stores" not in host.roles:
            return host
        memory_mib = max(1, host.hardware.memory_mib - retrieval.memory_mib)
        hardware = host.hardware.model_copy(update={"memory_mib": memory_mib})
        return host.model_copy(update={"hardware": hardware})

    return environment.model_copy(update={"hosts": tuple(map(left, environment.hosts))})


def _planned(words: Collection, served: Served) -> CollectionPlan:
    asked_as, entry, model = served[words.pool]
    dimension = words.dimension or model.shape.embedding_length
    return CollectionPlan(words, asked_as, entry, store_folder(model.every_file), dimension)
