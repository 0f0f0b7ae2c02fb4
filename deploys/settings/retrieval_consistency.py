"""Complaints about retrieval that only other settings can earn."""

from collections.abc import Iterator, Mapping

from deploys.settings.inventory import Inventory, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.retrieval import LARGEST_INDEXED, Collection, Retrieval
from deploys.settings.validation import near_miss

ROLE = "vector_stores"


def retrieval_complaints(
    inventory: Inventory, pools: Mapping[str, Pool], retrieval: Retrieval | None
) -> Iterator[Complaint]:
    """Where the store runs, and whose vectors its collections hold."""
    stores = [host.name for host in inventory.hosts if ROLE in host.groups]
    if retrieval is None:
        if stores:
            hint = "describe `retrieval` in group data, or take the role away"
            yield Complaint(inventory.file, ROLE, "names a host, and there is no `retrieval`", hint)
        return
    if len(stores) != 1:
        found = f"names {', '.join(stores)}" if stores else "names no host"
        hint = f"one host: `{ROLE} = [...]` in the inventory; collections are not spread"
        yield Complaint(inventory.file, ROLE, found, hint)
    file = origin(inventory, "retrieval", inventory.hosts[0].groups)
    for name, one in sorted(retrieval.collections.items()):
        for path, found, hint in _of_collection(one, pools):
            yield Complaint(file, f"retrieval.collections.{name}.{path}", found, hint)


def _of_collection(
    collection: Collection, pools: Mapping[str, Pool]
) -> Iterator[tuple[str, str, str]]:
    vectors = {name for name, pool in pools.items() if pool.kind == "embeddings"}
    pool = pools.get(collection.pool)
    if pool is None:
        yield "pool", f"there is no pool {collection.pool!r}", near_miss(collection.pool, vectors)
    elif pool.kind != "embeddings":
        found = f"`{collection.pool}` answers {pool.kind}, not vectors"
        yield "pool", found, near_miss("", vectors)
    elif pool.canary is not None:
        # A part of the vectors, or of the questions, would be another model's.
        found = f"`{collection.pool}` has a candidate, {pool.canary.candidate!r}"
        yield "pool", found, "a new collection for the new model, indexed beside this one"
    if collection.dimension is not None:
        yield from too_wide(collection, collection.dimension)


def too_wide(collection: Collection, dimension: int) -> Iterator[tuple[str, str, str]]:
    """(path, found, hint) where the index does not take vectors of that many numbers."""
    most = LARGEST_INDEXED[collection.numbers]
    kind = collection.index.kind
    if kind == "flat" or dimension <= most:
        return
    fits = '"numbers": "half"' if dimension <= LARGEST_INDEXED["half"] else '"kind": "flat"'
    found = f"{dimension} numbers of {collection.numbers} precision; {kind} takes {most}"
    yield "index.kind", found, fits
