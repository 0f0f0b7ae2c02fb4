"""What a release says about a vector store."""

from deploys.settings.retrieval import Distance, Index, Numbers
from deploys.settings.words import Frozen

# Below the kit's folder: a copy of the current release's files, what PostgreSQL keeps, and the
# passwords that the host made for itself.
PLACED = "vector_store"
DATA = "state/vector_store/data"
SECRETS = "secrets/vector_store"
SERVICE = "postgresql"
DATABASE = "homeport"
# Who writes and who reads; each has its password in SECRETS/NAME.password.
INDEXER, READER = "homeport_indexer", "homeport_reader"


class CollectionRelease(Frozen):
    """One collection: what its vectors are, and how they are searched."""

    pool: str
    """The public name under which texts become vectors."""
    model: str
    revision: str
    """sha256 of the model's files."""
    dimension: int
    distance: Distance
    numbers: Numbers
    index: Index


class RetrievalRelease(Frozen):
    """What deploy, `homeport index` and checks need to know."""

    image: str
    container: str
    """Docker's name of PostgreSQL's container."""
    published: str = ""
    """ADDRESS:PORT of the host; empty: nowhere."""
    migrations: tuple[str, ...]
    """Files below the release, in their order."""
    collections: dict[str, CollectionRelease]
