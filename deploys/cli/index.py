"""`homeport index`: texts and images into a collection of the vector store, through the gateway."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import typer

from checks.committed import Committed, read_committed
from checks.probes.host import Unreachable
from checks.probes.vector_store import entered
from deploys.batch.checking import checked, pending
from deploys.batch.files import letters
from deploys.batch.line import Request
from deploys.batch.offer import Offer, offer_of
from deploys.batch.retrying import Policy
from deploys.batch.running import Run, Stopped
from deploys.cli.batch_options import (
    ClientOption,
    ConcurrencyOption,
    PatienceOption,
    SkipOption,
    TriesOption,
)
from deploys.cli.batch_progress import reading, running
from deploys.cli.batch_sending import asking_client, ending, send
from deploys.cli.exit_codes import ExitCode
from deploys.cli.index_options import (
    CollectionArgument,
    DeadLettersOption,
    InputArgument,
    PassageOption,
    PruneOption,
    TextsOption,
    chosen,
    released,
)
from deploys.cli.index_summary import Summary, progress_words, show
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.indexing.building import finish
from deploys.indexing.images import Sight
from deploys.indexing.reading import Source, beside, item_format, lines_of, sight_of
from deploys.indexing.steps import Job, Outcome, carry_out, connection
from deploys.render.release_retrieval import INDEXER
from deploys.settings.environment import read_environment


def index(
    environment: EnvironmentArgument,
    collection: CollectionArgument,
    file: InputArgument,
    dead_letters: DeadLettersOption = None,
    texts: TextsOption = 16,
    concurrency: ConcurrencyOption = 4,
    tries: TriesOption = Policy.tries,
    patience_seconds: PatienceOption = int(Policy.patience_seconds),
    passage_characters: PassageOption = 1500,
    prune: PruneOption = False,
    skip_invalid: SkipOption = False,
    client: ClientOption = "",
    as_json: JsonOption = False,
) -> int:
    """Indexes what is new or has changed, and goes on where a run before it has ended."""
    root = repository_root()
    settings = read_environment(root, environment)
    offer = offer_of(settings.pools, settings.gateway)
    store, one = chosen(read_committed(root, environment), collection)
    policy = Policy(tries=tries, patience_seconds=patience_seconds)
    asking = asking_client(root, settings, client, concurrency)
    path = dead_letters or beside(file)
    sight = sight_of(file, one.released.pool, offer)
    with _read(file, passage_characters, offer, sight, skip_images=skip_invalid) as source:
        if not skip_invalid:
            source.found.refuse()
        with (
            _way_into(store) as way,
            letters(path, source.found, "--dead-letters") as dead,
        ):
            job = Job(one, offer, policy, texts, concurrency, way)
            outcome = Outcome(dead.file, dead.before, dead.invalid)
            stopped = _carry_out(job, source, asking, outcome, prune=prune)
    show(Summary(file, path, one.name, source, outcome, stopped), as_json)
    return ending(stopped, path.exists())


@contextmanager
def _way_into(store: Committed) -> Iterator[str]:
    """libpq's words for the indexer's connections; ends the command where the store is closed."""
    with ExitStack() as entering:
        try:
            way = entering.enter_context(entered(store.host, released(store), INDEXER))
        except Unreachable as closed:
            print(f"error: {closed.host}: the vector store: {closed.reason}", file=sys.stderr)
            print("hint: homeport apply brings it up; homeport verify says more", file=sys.stderr)
            raise typer.Exit(ExitCode.HOST_UNREACHABLE) from None
        yield way


@contextmanager
def _read(
    file: Path, passage_characters: int, offer: Offer, sight: Sight, *, skip_images: bool
) -> Iterator[Source]:
    """The input, every line of it checked."""
    with lines_of(file, passage_characters, sight, skip_images=skip_images) as (lines, left_out):
        size_bytes = lines.seek(0, 2)
        lines.seek(0)
        form = item_format(str(file), offer, sight)
        with reading(size_bytes) as seen:
            found = checked(lines, str(file), form, seen)
        again = partial(pending, lines, str(file), form, found.index)
        yield Source(found, again, left_out)


def _carry_out(
    job: Job, source: Source, asking: httpx.AsyncClient, outcome: Outcome, *, prune: bool
) -> Stopped | OSError | None:
    """All of it; gives why it has ended early, if it has."""

    async def sent(run: Run, requests: Iterator[Request], concurrency: int) -> None:
        left = source.found.index.unsent()
        words = partial(progress_words, outcome, run, left)
        await send(run, requests, concurrency, running(run, words))

    async def whole() -> None:
        async with asking:
            await carry_out(job, asking, source, outcome, sent)

    try:
        asyncio.run(whole())
        with connection(job.store) as connected:
            # A line that could not be read may be one of them.
            gone = outcome.strangers if prune and not source.found.refused else []
            outcome.finished = finish(connected, job.collection, gone)
    except (Stopped, OSError) as early:
        return early
    return None
