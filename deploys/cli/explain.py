"""`homeport explain LOGFILE`: the causes that a log tells of, and what to change."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from deploys.causes.explanation import Explanation, explain
from deploys.causes.lines import is_text, lines
from deploys.causes.telling import ENVIRONMENT, POOL, Place, document, told, told_unknown
from deploys.cli.exit_codes import ExitCode
from deploys.cli.plan import JsonOption
from deploys.cli.root import repository_root
from deploys.settings.inventory import read_inventory
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.setting_files import setting_files
from deploys.settings.validation import near_miss

STANDARD_INPUT = "-"

LogArgument = Annotated[
    str, typer.Argument(metavar="LOGFILE", help="A log of anything in the fleet; - reads one.")
]
EnvironmentOption = Annotated[
    str, typer.Option("--environment", help="Name its files, line by line.")
]
PoolOption = Annotated[str, typer.Option("--pool", help="Whose engine it was.")]


def explain_log(
    log: LogArgument,
    environment: EnvironmentOption = "",
    pool: PoolOption = "",
    as_json: JsonOption = False,
) -> int:
    """Says why something failed, by its log: cause, evidence, and the setting to change."""
    place = _place(environment, pool)
    with _opened(log) as stream:
        text = is_text(stream)
        explanation = explain(lines(stream))
    if not text and not explanation.findings:
        hint = f"a compressed one: `zcat {log} | homeport explain -`"
        raise Refused([Complaint(log, "", "is no text", hint)])
    if as_json:
        print(json.dumps(document(explanation, place), indent=2))
    else:
        print("\n".join(_words(explanation, place)))
    # A script may want to ask a person then.
    return ExitCode.OPERATION_FAILED if explanation.is_unknown else ExitCode.DONE


def _place(environment: str, pool: str) -> Place:
    if not environment:
        return Place(ENVIRONMENT, pool or POOL)
    inventory = read_inventory(repository_root(), environment)
    pools = {name for host in inventory.hosts for name in host.data.get("pools") or ()}
    if pool and pools and pool not in pools:
        hint = near_miss(pool, sorted(pools))
        raise Refused([Complaint("--pool", "", f"`{environment}` has no pool `{pool}`", hint)])
    return Place(environment, pool or POOL, setting_files(inventory))


@contextmanager
def _opened(log: str) -> Iterator[BinaryIO]:
    if log == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        with Path(log).open("rb") as stream:
            yield stream
    except OSError as error:
        hint = "a file with a log, or - for standard input"
        raise Refused([Complaint(log, "", f"cannot be read: {error.strerror}", hint)]) from None


def _words(explanation: Explanation, place: Place) -> Iterator[str]:
    yield from told(explanation, place)
    if explanation.is_unknown:
        yield from told_unknown(explanation)
    elif not explanation.findings:
        yield f"nothing in its {explanation.line_count} lines looks like an error"
