"""The words of `homeport index`."""

from pathlib import Path
from typing import Annotated

import typer

from checks.committed import Committed
from deploys.indexing.store import Collection
from deploys.render.release_retrieval import RetrievalRelease
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

CollectionArgument = Annotated[str, typer.Argument(help="A collection of `retrieval`.")]
InputArgument = Annotated[
    Path, typer.Argument(metavar="INPUT", help="JSON lines, or a folder of texts and images.")
]
DeadLettersOption = Annotated[
    Path | None,
    typer.Option("--dead-letters", help="Texts that were not indexed; INPUT.dead.jsonl if not."),
]
TextsOption = Annotated[
    int, typer.Option("--texts", min=1, max=2048, help="Texts that one request asks for, at most.")
]
PassageOption = Annotated[
    int,
    typer.Option(
        "--passage-characters",
        min=100,
        max=1_000_000,
        help="Files of a folder are cut into passages of at most so many.",
    ),
]
PruneOption = Annotated[
    bool, typer.Option("--prune", help="Also remove what the input does not hold (any more).")
]


def chosen(committed: tuple[Committed, ...], name: str) -> tuple[Committed, Collection]:
    """The store's host, and one of its collections; raises Refused."""
    store = store_of(committed)
    collections = released(store).collections
    if name not in collections:
        hint = near_miss(name, collections)
        raise Refused([Complaint("collection", name, "is none of this environment", hint)])
    return store, Collection(name, collections[name])


def store_of(committed: tuple[Committed, ...]) -> Committed:
    """The host that is the environment's vector store; raises Refused."""
    store = next((one for one in committed if one.release.retrieval is not None), None)
    if store is None:
        place = f"compose/{committed[0].release.environment}"
        hint = "describe `retrieval` in group data, render and apply"
        raise Refused([Complaint(place, "", "holds no vector store", hint)])
    return store


def released(store: Committed) -> RetrievalRelease:
    """What the commit says of a host that is a vector store."""
    retrieval = store.release.retrieval
    if retrieval is None:
        raise ValueError(f"{store.host.name} is no vector store")
    return retrieval
