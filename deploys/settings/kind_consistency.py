"""Complaints about pools whose model gives something else than they answer."""

from collections.abc import Iterable, Iterator, Mapping

from deploys.catalogue.model import Model
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.routing import Kind

# Each kind of pool, by the kind of its model in the catalogue.
KIND_OF: Mapping[str, Kind] = {
    "chat": "generation",
    "embedding": "embeddings",
    "rerank": "reranking",
}


def kind_complaints(
    file: str, name: str, pool: Pool, entries: Iterable[tuple[str, Model]]
) -> Iterator[Complaint]:
    """An engine would start with a model of another kind, and then answer nothing, or noise.

    `entries` are those of the catalogue that may serve the pool.
    """
    for entry, model in entries:
        fits = KIND_OF[model.kind]
        if pool.kind != fits:
            found = f"found {pool.kind!r}, and `{entry}` is a model for {fits}"
            hint = f"{fits}; or another model (`kind` in inventories/models.yaml)"
            yield Complaint(file, f"pools.{name}.kind", found, hint)
            return
