"""A run from its first question to the last row: whose model it is, what is left, and who asks."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx
import psycopg
from psycopg_pool import AsyncConnectionPool

from deploys.batch.index import Index
from deploys.batch.line import Request
from deploys.batch.line_file import LineFile
from deploys.batch.offer import Offer
from deploys.batch.retrying import Policy
from deploys.batch.running import Run, Stopped, run_lines
from deploys.indexing.building import Finished
from deploys.indexing.groups import Groups
from deploys.indexing.reading import Source
from deploys.indexing.run import (
    Counts,
    Desk,
    into_collection,
    other_model,
    witness_request,
    witnessed,
)
from deploys.indexing.store import (
    CONNECT_SECONDS,
    Collection,
    Pool,
    first_line,
    known,
    make,
    refuse_others,
    stored,
)
from deploys.indexing.vectors import Vector
from deploys.settings.refusal import Complaint, Refused

# Rows are written in far less time than their vectors take.
MOST_CONNECTIONS = 4
# It tells of each lost connection; a run tells once, when it gives up.
logging.getLogger("psycopg").addHandler(logging.NullHandler())
logging.getLogger("psycopg").propagate = False


@dataclass(frozen=True)
class Job:
    """What is indexed, and how."""

    collection: Collection
    offer: Offer
    policy: Policy
    texts: int
    concurrency: int
    store: str
    """libpq's words; they hold the password."""


@dataclass
class Outcome:
    """What has been done, also of a run that ended early."""

    letters: LineFile
    failed_before: int
    invalid: int
    """Lines that could not be sent, and became dead letters now."""
    counts: Counts = field(default_factory=Counts)
    unchanged: int = 0
    strangers: list[str] = field(default_factory=list)
    """Ids in the collection that the input does not hold."""
    run: Run | None = None
    """None: nothing was left to be asked for."""
    finished: Finished | None = None


Send = Callable[[Run, Iterator[Request], int], Awaitable[None]]


async def carry_out(
    job: Job, asking: httpx.AsyncClient, source: Source, outcome: Outcome, send: Send
) -> None:
    """Raises Stopped when it ends early, and Refused where the collection is another model's."""
    index = source.found.index
    before = index.unsent()
    await _open(job, asking, index, outcome)
    left = index.unsent()
    outcome.unchanged = before - left
    if not left:
        return
    groups = Groups(source.again(), job.collection.released.pool, job.offer, job.texts)
    async with _pool(job) as pool:
        digest = source.found.digest
        desk = Desk(pool, job.collection, groups, outcome.letters, digest, outcome.counts)
        run = outcome.run = Run(asking, into_collection(desk), job.policy)
        await send(run, groups, min(job.concurrency, left))


async def _open(job: Job, asking: httpx.AsyncClient, index: Index, outcome: Outcome) -> None:
    """As below; raises Stopped where the store is lost meanwhile."""
    try:
        await _compare(job, asking, index, outcome)
    except psycopg.OperationalError as error:
        raise Stopped(f"PostgreSQL: {first_line(error)}", unreachable=True) from None


async def _compare(job: Job, asking: httpx.AsyncClient, index: Index, outcome: Outcome) -> None:
    """Has the collection, of this model, and marks what it holds as finished."""
    one = job.collection
    with connection(job.store) as connected:
        there = stored(connected, one.name)
        if there is not None:
            refuse_others(one, there)
        witness = await _witness(job, asking)
        if there is None:
            make(connected, one, witness)
        elif words := other_model(there.witness, witness):
            hint = "a collection of another name for it; or homeport apply, homeport verify"
            raise Refused([Complaint("collection", one.name, words, hint)])
        for name, digest in known(connected, one.name):
            if not index.finish_same(name, digest):
                outcome.strangers.append(name)


def connection(words: str) -> psycopg.Connection[tuple[object, ...]]:
    """One that commits each statement by itself; raises Stopped where the store is not reached."""
    try:
        return psycopg.connect(words, autocommit=True)
    except psycopg.OperationalError as error:
        raise Stopped(f"PostgreSQL: {first_line(error)}", unreachable=True) from None


async def _witness(job: Job, asking: httpx.AsyncClient) -> Vector:
    pool, found = job.collection.released.pool, list[Vector]()
    outlet = witnessed(job.collection.released.dimension, found.append)
    request = witness_request(pool, job.offer.prefixes.get(pool, ""))
    await run_lines(Run(asking, outlet, job.policy), iter([request]), 1)
    return found[0]


def _pool(job: Job) -> Pool:
    return AsyncConnectionPool(
        job.store,
        min_size=1,
        max_size=min(MOST_CONNECTIONS, job.concurrency),
        timeout=CONNECT_SECONDS,
        # A server that was restarted has left dead connections behind.
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
