"""What a collection is in SQL: its table, its index and the function that searches it."""

import math

from psycopg import sql
from psycopg.sql import SQL, Composed, Identifier, Literal

from deploys.render.release_retrieval import CollectionRelease
from deploys.settings.retrieval import Distance, Numbers

SCHEMA = "vectors"
TYPES: dict[Numbers, str] = {"single": "vector", "half": "halfvec"}
OPERATORS: dict[Distance, str] = {"cosine": "<=>", "inner_product": "<#>", "euclidean": "<->"}
CLASSES: dict[Distance, str] = {"cosine": "cosine", "inner_product": "ip", "euclidean": "l2"}
# From here on pgvector's README takes the square root of the rows.
MANY_ROWS = 1_000_000


def table(name: str) -> sql.Identifier:
    """The collection's table."""
    return Identifier(SCHEMA, name)


def index_name(name: str, *, new: bool = False) -> str:
    """Of a table of at most 40 letters; PostgreSQL has room for 63. `new`: while it is built."""
    return f"{name}_embedding{'_new' if new else ''}"


def column_type(one: CollectionRelease) -> Composed:
    """`vector(N)` or `halfvec(N)`."""
    return SQL("{}({})").format(SQL(TYPES[one.numbers]), Literal(one.dimension))


def create_table(name: str, one: CollectionRelease) -> Composed:
    """Empty; `digest` is what an item's text and metadata are known by."""
    return SQL(
        "CREATE TABLE {} (id text PRIMARY KEY, content text NOT NULL,"
        " metadata jsonb NOT NULL, digest bytea NOT NULL, embedding {} NOT NULL,"
        " indexed_at timestamptz NOT NULL DEFAULT now())"
    ).format(table(name), column_type(one))


def upsert(name: str, one: CollectionRelease) -> Composed:
    """One row: id, content, metadata, digest, embedding as text."""
    return SQL(
        "INSERT INTO {} (id, content, metadata, digest, embedding)"
        " VALUES (%s, %s, %s, %s, %s::{})"
        " ON CONFLICT (id) DO UPDATE SET content = excluded.content,"
        " metadata = excluded.metadata, digest = excluded.digest,"
        " embedding = excluded.embedding, indexed_at = now()"
    ).format(table(name), column_type(one))


def create_index(name: str, one: CollectionRelease, rows: int) -> Composed | None:
    """Under its new name, while readers and writers go on; None where every row is compared."""
    words = one.index
    if words.kind == "flat":
        return None
    if words.kind == "hnsw":
        method, numbers = (
            "hnsw",
            {"m": words.connections, "ef_construction": words.build_candidates},
        )
    else:
        method, numbers = "ivfflat", {"lists": lists(one, rows)}
    settings = SQL(", ").join(SQL("{} = {}").format(SQL(k), Literal(v)) for k, v in numbers.items())
    operators = SQL(f"{TYPES[one.numbers]}_{CLASSES[one.distance]}_ops")
    return SQL("CREATE INDEX CONCURRENTLY {} ON {} USING {} (embedding {}) WITH ({})").format(
        Identifier(index_name(name, new=True)), table(name), SQL(method), operators, settings
    )


def drop_index(name: str, *, new: bool = False) -> Composed:
    """Whether or not there is one."""
    return SQL("DROP INDEX IF EXISTS {}").format(Identifier(SCHEMA, index_name(name, new=new)))


def rename_index(name: str) -> Composed:
    """The new one to the name that it keeps."""
    return SQL("ALTER INDEX {} RENAME TO {}").format(
        Identifier(SCHEMA, index_name(name, new=True)), Identifier(index_name(name))
    )


def create_search(name: str, one: CollectionRelease, rows: int) -> Composed:
    """`vectors.search_NAME(question, wanted)`: the nearest rows, the nearest first, searched with
    the numbers that the index was made for.
    """
    settings = SQL(" ").join(
        SQL("SET {} = {}").format(SQL(key), Literal(value))
        for key, value in _search_settings(one, rows).items()
    )
    query = SQL(
        "SELECT id, content, metadata, embedding {} $1 FROM {} ORDER BY embedding {} $1 LIMIT $2"
    ).format(SQL(OPERATORS[one.distance]), table(name), SQL(OPERATORS[one.distance]))
    # EXECUTE: planned with the number that is wanted. Without it the planner thinks of a tenth of
    # the rows, and may compare all of them.
    return SQL(
        "CREATE OR REPLACE FUNCTION {}(question {}, wanted integer DEFAULT 10)"
        " RETURNS TABLE (id text, content text, metadata jsonb, distance double precision)"
        " LANGUAGE plpgsql STABLE {} AS $search$ BEGIN RETURN QUERY EXECUTE $query$ {} $query$"
        " USING question, wanted; END $search$"
    ).format(search(name), SQL(TYPES[one.numbers]), settings, query)


def search(name: str) -> sql.Identifier:
    """The function."""
    return Identifier(SCHEMA, f"search_{name}")


def _search_settings(one: CollectionRelease, rows: int) -> dict[str, str]:
    # Strict: where a search leaves rows out by other columns, it goes on until there are enough.
    if one.index.kind == "hnsw":
        candidates = str(one.index.search_candidates)
        return {"hnsw.ef_search": candidates, "hnsw.iterative_scan": "strict_order"}
    if one.index.kind == "ivf":
        return {"ivfflat.probes": str(probes(one, rows)), "ivfflat.iterative_scan": "relaxed_order"}
    return {}


def lists(one: CollectionRelease, rows: int) -> int:
    """Of an index over that many rows, by pgvector's README."""
    if one.index.lists is not None:
        return one.index.lists
    return max(1, math.isqrt(rows) if rows > MANY_ROWS else rows // 1000)


def probes(one: CollectionRelease, rows: int) -> int:
    """Lists that a search looks into."""
    if one.index.probes is not None:
        return one.index.probes
    return max(1, math.isqrt(lists(one, rows)))
