"""A collection's index: built when rows are there, and anew when they or its words have changed."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from deploys.batch.running import Stopped
from deploys.indexing import collection_sql
from deploys.indexing.store import (
    ROWS_AT_ONCE,
    Collection,
    Connection,
    Stored,
    first_line,
    remove,
    stored,
)

# Lists are around centres of the rows that were there: a collection that has grown further is
# searched in lists that do not fit it.
GROWN = 2


@dataclass(frozen=True)
class Finished:
    """A collection after a run."""

    rows: int
    removed: int
    built: bool
    """Whether its index was built now."""


def finish(connection: Connection, one: Collection, gone: Sequence[str]) -> Finished:
    """Removes what is gone, and brings index and search up to the rows that are there.

    Raises Stopped where the store is lost meanwhile; the next run does it then.
    """
    try:
        removed = sum(
            remove(connection, one.name, gone[start : start + ROWS_AT_ONCE])
            for start in range(0, len(gone), ROWS_AT_ONCE)
        )
        rows, there = count_rows(connection, one.name), stored(connection, one.name)
        built = there is not None and needs_index(one, there, rows)
        if built:
            build(connection, one, rows)
        connection.execute(collection_sql.create_search(one.name, one.released, rows))
    except psycopg.OperationalError as error:
        raise Stopped(f"PostgreSQL: {first_line(error)}", unreachable=True) from None
    return Finished(rows, removed, built)


def needs_index(one: Collection, there: Stored, rows: int) -> bool:
    """Whether an index is missing, made with other words, or outgrown."""
    if there.index_words is None:
        return rows > 0
    if there.index_words != build_words(one):
        return True
    return one.released.index.kind == "ivf" and rows >= GROWN * max(1, there.index_rows)


def build(connection: Connection, one: Collection, rows: int) -> None:
    """The index, beside the old one until it is whole: searches and writers go on meanwhile.

    `connection` commits each statement by itself.
    """
    index = collection_sql.create_index(one.name, one.released, rows)
    # What a build that was killed has left is of no use.
    connection.execute(collection_sql.drop_index(one.name, new=True))
    if index is not None:
        connection.execute(index)
    with connection.transaction():
        connection.execute(collection_sql.drop_index(one.name))
        if index is not None:
            connection.execute(collection_sql.rename_index(one.name))
        connection.execute(
            "UPDATE homeport.collections SET index_words = %s, index_rows = %s WHERE name = %s",
            (Jsonb(build_words(one)), rows, one.name),
        )
    connection.execute(SQL("ANALYZE {}").format(collection_sql.table(one.name)))


def build_words(one: Collection) -> dict[str, object]:
    """What an index is made with; the numbers of a search are the function's alone."""
    index = one.released.index
    if index.kind == "hnsw":
        words = {"connections": index.connections, "build_candidates": index.build_candidates}
        return {"kind": "hnsw", **words}
    return {"kind": "ivf", "lists": index.lists} if index.kind == "ivf" else {"kind": "flat"}


def count_rows(connection: Connection, name: str) -> int:
    """Of a collection."""
    query = SQL("SELECT count(*) FROM {}").format(collection_sql.table(name))
    row = connection.execute(query).fetchone()
    return int(str(row[0])) if row else 0
