"""`homeport batch`: OpenAI batch files, answered by an environment through its gateway."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx
import typer

from deploys.batch.checking import Checked, batch_format, checked, pending
from deploys.batch.files import opened, outlet, places
from deploys.batch.line import Request
from deploys.batch.money import Tariff
from deploys.batch.offer import Offer, longest_silence_seconds, offer_of
from deploys.batch.retrying import Policy
from deploys.batch.running import Run, Stopped, run_lines
from deploys.batch.stopping import stopped_by_signals
from deploys.certificates.entrance import entrance, many_at_once
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
    key_of,
)
from deploys.cli.batch_progress import reading, running
from deploys.cli.batch_summary import Summary, show
from deploys.cli.chat import committed_gateway
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.environment import Environment, read_environment
from deploys.settings.refusal import Complaint, Refused

app = typer.Typer(no_args_is_help=True)
# The gateway's own 504 comes first, and says more than a connection that we give up.
BEYOND_THE_GATEWAY_SECONDS = 30


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
        asking = _client(root, settings, client, concurrency)
        with opened(where, found) as files:
            one = Run(asking, outlet(files, found.digest), policy)
            lines = pending(source, str(file), batch_format(str(file), offer), found.index)
            stopped = _send(one, lines, found.index.unsent(), concurrency)
    show(Summary(where, one.tally, tariff, found.index.lines(), files, stopped), as_json)
    return _ending(stopped, where.dead_letters.exists())


@contextmanager
def _read(file: Path, offer: Offer) -> Iterator[tuple[BinaryIO, Checked]]:
    """The input, open for the second reading, and what the first one has found."""
    if not file.is_file():
        wrong = "is no file that can be read twice" if file.exists() else "is not there"
        raise Refused([Complaint(str(file), "", wrong, "a file of JSON lines")])
    try:
        source = file.open("rb")
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(str(file), "", wrong, "a file that you may read")]) from None
    with source:
        try:
            with reading(file.stat().st_size) as seen:
                found = checked(source, str(file), batch_format(str(file), offer), seen)
        except sqlite3.OperationalError as error:
            hint = "room for an index of the file; TMPDIR says where"
            raise Refused([Complaint("temporary files", "", str(error), hint)]) from None
        yield source, found


def _client(root: Path, settings: Environment, client: str, concurrency: int) -> httpx.AsyncClient:
    gateway = committed_gateway(root, settings.name)
    key = key_of(gateway, client, root)
    way = entrance(gateway.shared or gateway.listen, gateway.tls, root)
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    silence = longest_silence_seconds(settings.pools, settings.gateway)
    return many_at_once(way, headers, silence + BEYOND_THE_GATEWAY_SECONDS, concurrency)


def _send(
    run: Run, lines: Iterator[Request], unsent: int, concurrency: int
) -> Stopped | OSError | None:
    """Sends what is not finished; gives why it has ended early, if it has."""

    async def whole() -> None:
        async with run.client:
            with running(run, unsent) as say, stopped_by_signals(run, say):
                await run_lines(run, lines, min(concurrency, unsent))

    if not unsent:
        return None
    try:
        asyncio.run(whole())
    except (Stopped, OSError) as stopped:
        return stopped
    return None


def _ending(stopped: Stopped | OSError | None, dead_letters: bool) -> int:
    if stopped is None:
        return ExitCode.OPERATION_FAILED if dead_letters else ExitCode.DONE
    why = f"{stopped.filename}: {stopped.strerror}" if isinstance(stopped, OSError) else stopped
    print(f"error: {why}\nhint: the same command goes on from here", file=sys.stderr)
    if isinstance(stopped, Stopped) and stopped.unreachable:
        return ExitCode.HOST_UNREACHABLE
    return ExitCode.OPERATION_FAILED
