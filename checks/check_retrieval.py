"""The vector store: its schema, whose vectors it holds, and whether what is in it is found."""

import pytest

from checks.committed import Committed
from checks.known_items import Searched
from checks.verdict import none_of, require
from deploys.questions.vector_store import StoreState, mismatches
from deploys.render.release_retrieval import INDEXER, READER, RetrievalRelease

APPLY = "homeport apply brings the database to the committed release"


def check_the_stores_schema_is_the_committed_one(
    store: Committed, retrieval: RetrievalRelease, store_state: StoreState
) -> None:
    """Every migration, as it was reviewed; and pgvector as the image has it."""
    require(store_state.migrations, f"the database of {store.host.name} does not answer", APPLY)
    files = store.release.files
    wanted = {path.rpartition("/")[2]: files[path] for path in retrieval.migrations}
    differing = [name for name in wanted if store_state.migrations.get(name) != wanted[name]]
    none_of(differing, "migrations that are missing, or were others", APPLY)
    installed, available = store_state.extension
    found = f"the database has pgvector {installed}, the image {available}"
    require(installed == available, found, APPLY)


def check_the_stores_users_come_in_with_their_passwords(store_state: StoreState) -> None:
    """With those that lie on the host: applications have no others."""
    shut_out = sorted({INDEXER, READER} - store_state.logins)
    none_of(shut_out, "users who do not come in", APPLY)


def check_collections_hold_the_committed_models(
    retrieval: RetrievalRelease, store_state: StoreState
) -> None:
    """Another model's vectors are near to nothing that is asked."""
    found = [
        f"{name}: {words}"
        for name, words in mismatches(store_state.collections, retrieval.collections)
    ]
    remedy = "give the new model's collection a name of its own, and index it"
    none_of(found, "collections with another model's vectors", remedy)


def check_known_items_are_found(searched: tuple[Searched, ...]) -> None:
    """A text finds itself: by its pool, through the gateway, by the index, as a reader."""
    if not any(one.rows or one.trouble for one in searched):
        pytest.skip("no collection holds anything yet: homeport index fills one")
    troubles = [f"{one.collection}: {one.trouble}" for one in searched if one.trouble]
    none_of(troubles, "collections that cannot be searched", "see check_engines; homeport index")
    missed = [
        f"{one.collection}: {len(one.missed)} of {one.asked}, such as {one.missed[0]!r}"
        for one in searched
        if one.missed
    ]
    remedy = (
        "vectors were changed, or the index is too coarse: more `search_candidates` or `probes`, "
        "then render, apply and homeport index"
    )
    none_of(missed, "texts that do not find themselves", remedy)
