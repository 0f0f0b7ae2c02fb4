"""What the vector store of a host holds."""

from collections.abc import Iterable

from pyinfra.api import FactBase

from deploys.questions import vector_store
from deploys.questions.vector_store import StoreState


class VectorStore(FactBase[StoreState]):
    """Migrations, users and collections of the database; empty when it does not answer."""

    default = StoreState

    def command(self, container: str) -> str:
        return vector_store.question(container)

    def process(self, output: Iterable[str]) -> StoreState:
        return vector_store.parse_state(output)
