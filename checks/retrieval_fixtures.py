"""What checks receive about a vector store."""

from collections.abc import Sequence

import pytest

from checks.committed import Committed
from checks.fleet import Fleet
from checks.known_items import Embed, Searched, search_all
from checks.probes import gateway as probe
from checks.probes.gateway import Gateway
from checks.probes.host import Unreachable, run
from checks.probes.vector_store import connected
from deploys.batch.letters import Answer
from deploys.questions.vector_store import StoreState, parse_state, question
from deploys.render.release_retrieval import READER, RetrievalRelease


@pytest.fixture(scope="session")
def store(fleet: Fleet, request: pytest.FixtureRequest) -> Committed:
    """The commit of a host that is a vector store."""
    return fleet.committed[request.param]


@pytest.fixture(scope="session")
def retrieval(store: Committed) -> RetrievalRelease:
    """What it says of the store."""
    if store.release.retrieval is None:
        raise ValueError(f"{store.host.name} is no vector store")
    return store.release.retrieval


@pytest.fixture(scope="session")
def store_state(store: Committed, retrieval: RetrievalRelease) -> StoreState:
    """What the database says of itself."""
    return parse_state(run(store.host, question(retrieval.container)).splitlines())


@pytest.fixture(scope="session")
def searched(
    store: Committed, retrieval: RetrievalRelease, store_state: StoreState, gateway: Gateway
) -> tuple[Searched, ...]:
    """Texts of each collection, made into vectors through a gateway, and searched by a reader."""
    # Whoever has it has reached the host.
    del store_state

    def embed(pool: str, texts: Sequence[str]) -> Answer | str:
        body = {"model": pool, "input": list(texts), "encoding_format": "float"}
        answer = probe.ask(gateway, "POST", "/v1/embeddings", body)
        if answer.status != 200:
            return f"the pool answers {answer.status}: {answer.text[:200]}"
        return Answer(answer.status, "", answer.document)

    return search_store(store, retrieval, embed)


def search_store(
    store: Committed, retrieval: RetrievalRelease, embed: Embed
) -> tuple[Searched, ...]:
    """The same of a host that was reached: a store that does not let in is no lost host."""
    try:
        with connected(store.host, retrieval, READER) as connection:
            return search_all(connection, retrieval.collections, embed)
    except Unreachable as closed:
        names = ", ".join(sorted(retrieval.collections))
        return (Searched(names, trouble=closed.reason),)
