"""A collection in the vector store: made once, filled by many, and held against its model."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from deploys.batch.retrying import Failure, Kind
from deploys.indexing import collection_sql
from deploys.indexing.item import Item
from deploys.indexing.vectors import Vector
from deploys.questions.vector_store import Held, mismatches, wanted
from deploys.render.release_retrieval import CollectionRelease
from deploys.settings.refusal import Complaint, Refused

# Nobody who works is silent for so long; a server that is gone without a word is.
CONNECT_SECONDS = 10
ROWS_AT_ONCE = 10_000
Connection = psycopg.Connection[tuple[object, ...]]
Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[object, ...]]]


@dataclass(frozen=True)
class Collection:
    """One collection, as the committed release says it."""

    name: str
    released: CollectionRelease


@dataclass(frozen=True)
class Stored:
    """What the store says of a collection that it has."""

    held: Held
    witness: tuple[float, ...]
    index_words: object
    """What the index was made with; None: there is none yet."""
    index_rows: int


def stored(connection: Connection, name: str) -> Stored | None:
    """None where the collection was never made."""
    row = connection.execute(
        "SELECT model, revision, dimension, distance, numbers, witness, index_words,"
        " coalesce(index_rows, 0) FROM homeport.collections WHERE name = %s",
        (name,),
    ).fetchone()
    if row is None:
        return None
    # As the migration declares them.
    held = Held(str(row[0]), str(row[1]), int(str(row[2])), str(row[3]), str(row[4]))
    witness = row[5] if isinstance(row[5], list) else []
    return Stored(held, tuple(witness), row[6], int(str(row[7])))


def refuse_others(one: Collection, there: Stored) -> None:
    """Raises Refused where the collection holds another model's vectors."""
    found = dict(mismatches({one.name: there.held}, {one.name: one.released}))
    if found:
        hint = "a collection of another name for this model: two models cannot share one"
        words = f"holds vectors of {found[one.name]}"
        raise Refused([Complaint("collection", one.name, words, hint)])


def make(connection: Connection, one: Collection, witness: Vector) -> None:
    """The collection, empty; whoever has made it at the same time wins."""
    with connection.transaction():
        made = connection.execute(
            "INSERT INTO homeport.collections"
            " (name, model, revision, dimension, distance, numbers, witness)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::real[]) ON CONFLICT DO NOTHING",
            (one.name, *wanted(one.released), list(witness)),
        )
        if made.rowcount:
            connection.execute(collection_sql.create_table(one.name, one.released))
            connection.execute(collection_sql.create_search(one.name, one.released, 0))


def known(connection: Connection, name: str) -> Iterator[tuple[str, bytes]]:
    """(id, digest) of every row; as many at a time as fit into little memory."""
    query = SQL("SELECT id, digest FROM {}").format(collection_sql.table(name))
    with connection.transaction(), connection.cursor("known") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(query)
        for row in cursor:
            yield str(row[0]), bytes(row[1])  # type: ignore[call-overload]


def remove(connection: Connection, name: str, ids: Sequence[str]) -> int:
    """Rows with these ids; gives how many there were."""
    query = SQL("DELETE FROM {} WHERE id = ANY(%s)").format(collection_sql.table(name))
    return connection.execute(query, (list(ids),)).rowcount


async def put(
    pool: Pool, one: Collection, items: Iterable[Item], vectors: Iterable[Vector]
) -> Failure | None:
    """All of them or none; a failure when the store was not reached, or does not take them."""
    rows = [
        (item.custom_id, item.text, item.metadata, item.mark, json.dumps(list(vector)))
        for item, vector in zip(items, vectors, strict=True)
    ]
    query = collection_sql.upsert(one.name, one.released)
    try:
        async with pool.connection() as connection, connection.cursor() as cursor:
            # One order for all: two writers of the same rows would wait for each other.
            await cursor.executemany(query, sorted(rows))
    except (psycopg.OperationalError, PoolTimeout) as error:
        return Failure(Kind.NOT_NOW, f"PostgreSQL: {first_line(error)}")
    except psycopg.DataError as error:
        return Failure(Kind.REFUSED, f"PostgreSQL: {first_line(error)}")
    return None


def first_line(error: Exception) -> str:
    """What is wrong, without the place in the statement."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
