"""What the inventory may say about retrieval: a vector store, and collections of one model's
vectors in it.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from deploys.settings.words import Address, Frozen, Name, Port

# A table is called so, and PostgreSQL cuts names off after 63 bytes; some are made from it.
CollectionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
IndexKind = Literal["hnsw", "ivf", "flat"]
Distance = Literal["cosine", "inner_product", "euclidean"]
Numbers = Literal["single", "half"]
# What pgvector keeps in one row, and what its indexes take (its README, "FAQ" and "Half-precision
# Vectors").
LARGEST_DIMENSION = 16_000
LARGEST_INDEXED: dict[Numbers, int] = {"single": 2000, "half": 4000}


class Index(Frozen):
    """How a collection is searched. Numbers left out are pgvector's own, or follow from the rows.

    `hnsw`: a graph, the best recall for its speed, slow to build and the largest. `ivf`: lists
    around centres of the rows that are there when it is built, so that it is built after the rows
    came, and anew once they have doubled. `flat`: none, every row is compared: exact, and fast
    enough for some ten thousand rows.
    """

    kind: IndexKind = "hnsw"
    connections: Annotated[int, Field(ge=2, le=100)] = 16
    """hnsw: of each row on each layer (pgvector's `m`)."""
    build_candidates: Annotated[int, Field(ge=4, le=1000)] = 64
    """hnsw: looked at for each row while it is built (`ef_construction`)."""
    search_candidates: Annotated[int, Field(ge=1, le=1000)] = 40
    """hnsw: looked at in a search (`ef_search`): more of them find more, and take longer."""
    lists: Annotated[int, Field(ge=1, le=32_768)] | None = None
    """ivf: left out, a thousandth of the rows, beyond a million their square root."""
    probes: Annotated[int, Field(ge=1, le=32_768)] | None = None
    """ivf: lists that a search looks into; left out, the square root of the lists."""

    @model_validator(mode="after")
    def _candidates_suffice(self) -> "Index":
        if self.build_candidates < 2 * self.connections:
            raise ValueError("build_candidates of at least twice the connections")
        return self


class Collection(Frozen):
    """Texts with the vectors that one pool makes of them."""

    pool: Name
    """Of kind `embeddings`: of its model, at its revision, are all vectors of the collection."""
    dimension: Annotated[int, Field(ge=1, le=LARGEST_DIMENSION)] | None = None
    """Numbers of a vector; the model's width when left out."""
    distance: Distance = "cosine"
    numbers: Numbers = "single"
    """`half`: two bytes each; takes half the memory, and indexes of up to 4000 dimensions."""
    index: Index = Index()


class Retrieval(Frozen):
    """PostgreSQL with pgvector on the host in `vector_stores`."""

    collections: Annotated[dict[CollectionName, Collection], Field(min_length=1)]
    memory_mib: Annotated[int, Field(ge=512, le=16_777_216)] = 2048
    """Limit of the container; PostgreSQL's own settings are parts of it. A graph that does not fit
    into a quarter of it is built several times slower."""
    connections: Annotated[int, Field(ge=8, le=1000)] = 40
    """That are open at the same time."""
    cpus: Annotated[int, Field(ge=1, le=1024)] = 2
    address: Address | None = None
    """Address of the host on which applications reach PostgreSQL; nobody does when left out: the
    kit itself comes in over the host's own connection."""
    port: Port = 5432
