"""`homeport batch`: OpenAI batch files, answered by an environment through its gateway."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import typer

from deploys.batch.checking import Checked, batch_format, checked, pending
from deploys.batch.files import opened, outlet, places
from deploys.batch.input_file import opened_input
from deploys.batch.line import Request
from deploys.batch.money import Tariff
from deploys.batch.offer import Offer, offer_of
from deploys.batch.retrying import Policy
from deploys.batch.running import Run, Stopped
from deploys.cli.batch_options import (
    ClientOption,
    ConcurrencyOption,
    DeadLettersOption,
    InputArgument,
    OutputOption,
    PatienceOption,
    PriceOption,
    SkipOption,
    TriesOption,
    fleet_prices,
)
from deploys.cli.batch_progress import progress_words, reading, running
from deploys.cli.batch_sending import asking_client, ending, send
from deploys.cli.batch_summary import Summary, show
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.environment import read_environment
from deploys.settings.refusal import Complaint, Refused

app = typer.Typer(no_args_is_help=True)


@app.command("check")
def check(environment: EnvironmentArgument, file: InputArgument) -> int:
    """Says what of a batch file cannot be sent, line by line. Sends nothing."""
    settings = read_environment(repository_root(), environment)
    with _read(file, offer_of(settings.pools, settings.gateway)) as (_, found):
        found.refuse()
        print(f"{file}: {found.index.lines():,} lines, all of them can be sent")
    return ExitCode.DONE


@app.command("run")
def run(
    environment: EnvironmentArgument,
    file: InputArgument,
    output: OutputOption = None,
    dead_letters: DeadLettersOption = None,
    concurrency: ConcurrencyOption = 16,
    tries: TriesOption = Policy.tries,
    patience_seconds: PatienceOption = int(Policy.patience_seconds),
    skip_invalid: SkipOption = False,
    client: ClientOption = "",
    price: PriceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Answers each line of a batch file once, and goes on where a run before it has ended."""
    root = repository_root()
    settings = read_environment(root, environment)
    offer = offer_of(settings.pools, settings.gateway)
    tariff = Tariff(fleet_prices(price or [], offer), settings.cloud)
    where = places(file, output, dead_letters)
    policy = Policy(tries=tries, patience_seconds=patience_seconds)
    with _read(file, offer) as (source, found):
        if not skip_invalid:
            found.refuse()
        asking = asking_client(root, settings, client, concurrency)
        with opened(where, found) as files:
            one = Run(asking, outlet(files, found.digest), policy)
            lines = pending(source, str(file), batch_format(str(file), offer), found.index)
            stopped = _send(one, lines, found.index.unsent(), concurrency)
    show(Summary(where, one.tally, tariff, found.index.lines(), files, stopped), as_json)
    return ending(stopped, where.dead_letters.exists())


@contextmanager
def _read(file: Path, offer: Offer) -> Iterator[tuple[BinaryIO, Checked]]:
    """The input, open for the second reading, and what the first one has found."""
    with opened_input(file, "is no file that can be read twice", "a file of JSON lines") as source:
        try:
            with reading(file.stat().st_size) as seen:
                found = checked(source, str(file), batch_format(str(file), offer), seen)
        except sqlite3.OperationalError as error:
            hint = "room for an index of the file; TMPDIR says where"
            raise Refused([Complaint("temporary files", "", str(error), hint)]) from None
        yield source, found


def _send(
    run: Run, lines: Iterator[Request], unsent: int, concurrency: int
) -> Stopped | OSError | None:
    """Sends what is not finished; gives why it has ended early, if it has."""

    async def whole() -> None:
        async with run.client:
            words = partial(progress_words, run, unsent)
            await send(run, lines, min(concurrency, unsent), running(run, words))

    if not unsent:
        return None
    try:
        asyncio.run(whole())
    except (Stopped, OSError) as stopped:
        return stopped
    return None
