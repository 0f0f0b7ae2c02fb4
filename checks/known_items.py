"""Texts that a collection holds, searched as an application would: each has to find itself."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL

from deploys.batch.letters import Answer
from deploys.batch.retrying import Failure
from deploys.indexing.building import count_rows
from deploys.indexing.collection_sql import column_type, search, table
from deploys.indexing.item import IMAGE
from deploys.indexing.run import other_model
from deploys.indexing.store import Connection, first_line, stored
from deploys.indexing.vectors import WITNESS, Vector, vectors_of
from deploys.render.release_retrieval import CollectionRelease

# Of the first and of the last ids; found among this many.
ENDS = 3
NEAREST = 10
# Engines that make vectors of one length do so to three places at least.
UNIT = 1e-2

Embed = Callable[[str, Sequence[str]], Answer | str]
"""(public name of a pool, texts) -> its answer, or why there is none."""


@dataclass(frozen=True)
class Searched:
    """What was asked of one collection, and what it gave."""

    collection: str
    rows: int = 0
    asked: int = 0
    missed: tuple[str, ...] = ()
    """Ids of texts that were not among the nearest ones to themselves."""
    trouble: str = ""
    """Why nothing could be searched: another model, or no answer."""


def search_all(
    connection: Connection, collections: Mapping[str, CollectionRelease], embed: Embed
) -> tuple[Searched, ...]:
    """Every collection that is there, by name; those that were never indexed are left out."""
    return tuple(_searched_all(connection, collections, embed))


def _searched_all(
    connection: Connection, collections: Mapping[str, CollectionRelease], embed: Embed
) -> Iterator[Searched]:
    for name, one in sorted(collections.items()):
        try:
            there = stored(connection, name)
            if there is not None:
                yield _searched(connection, name, one, there.witness, embed)
        except psycopg.Error as error:
            yield Searched(name, trouble=f"PostgreSQL: {first_line(error)}")


def _searched(
    connection: Connection, name: str, one: CollectionRelease, witness: Vector, embed: Embed
) -> Searched:
    rows, known = count_rows(connection, name), _known(connection, name)
    answer = embed(one.pool, [WITNESS, *(text for _, text in known)])
    vectors = (
        answer if isinstance(answer, str) else vectors_of(answer, len(known) + 1, one.dimension)
    )
    if isinstance(vectors, str | Failure):
        said = vectors if isinstance(vectors, str) else vectors.said
        return Searched(name, rows, trouble=said)
    if words := other_model(witness, vectors[0]):
        return Searched(name, rows, trouble=words)
    missed = tuple(
        known_id
        for (known_id, text), vector in zip(known, vectors[1:], strict=True)
        if _is_nearest_to_itself(one, vector)
        and not _finds(connection, name, one, (known_id, text), vector)
    )
    return Searched(name, rows, len(known), missed)


def _is_nearest_to_itself(one: CollectionRelease, vector: Vector) -> bool:
    """By an inner product a longer vector is nearer, whatever it is of."""
    return one.distance != "inner_product" or abs(math.hypot(*vector) - 1) < UNIT


def _known(connection: Connection, name: str) -> list[tuple[str, str]]:
    """(id, text) of the first and the last ids, each once."""
    found: dict[str, str] = {}
    for order in ("ASC", "DESC"):
        query = SQL(
            "SELECT id, content FROM {} WHERE NOT metadata ? %s ORDER BY id {} LIMIT %s"
        ).format(table(name), SQL(order))
        # The store keeps texts, not the images that vectors were made of.
        rows = connection.execute(query, (IMAGE, ENDS)).fetchall()
        found |= {str(row[0]): str(row[1]) for row in rows}
    return sorted(found.items())


def _finds(
    connection: Connection,
    name: str,
    one: CollectionRelease,
    known: tuple[str, str],
    vector: Vector,
) -> bool:
    """By its id, or by the same text under another id, which is as near."""
    query = SQL("SELECT id, content FROM {}(%s::{}, %s)").format(search(name), column_type(one))
    rows = connection.execute(query, (str(list(vector)), NEAREST)).fetchall()
    return any(known[0] == row[0] or known[1] == row[1] for row in rows)
