"""`homeport rollback ENV [RELEASE]`: goes back to what the hosts ran before."""

import json
from typing import Annotated

import typer

from deploys.cli.apply import (
    DryOption,
    LimitOption,
    ReasonOption,
    limit_arguments,
    print_run,
    reason_words,
)
from deploys.cli.exit_codes import ExitCode
from deploys.cli.history import histories, limited
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.cli.root import repository_root
from deploys.history.going_back import fleet_before, fleet_named
from deploys.history.words import RELEASE
from deploys.settings.inventory import read_inventory

ReleaseArgument = Annotated[
    str, typer.Argument(help="A kept release of any host; the one before the current if left out.")
]


def rollback(
    environment: EnvironmentArgument,
    release: ReleaseArgument = "",
    dry: DryOption = False,
    limit: LimitOption = "",
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> int:
    """Brings the hosts back to a release that they still keep; the commit stays as it is."""
    root = repository_root()
    hosts = limited(read_inventory(root, environment), limit)
    found, lost = histories(hosts, root)
    if lost:
        return ExitCode.HOST_UNREACHABLE
    kept = {name: history.kept for name, history in found.items()}
    fleet = fleet_named(environment, release, kept) if release else fleet_before(environment, kept)
    moves = [
        f"{name}: {one.current or 'nothing'} -> {one.release_in(fleet)}"
        for name, one in kept.items()
        if one.current != one.release_in(fleet)
    ]
    result = run_pyinfra(
        root,
        environment,
        "deploys/rollback.py",
        limit_arguments(hosts, limit),
        dry=dry,
        words={RELEASE: fleet, **reason_words(reason)},
    )
    if as_json:
        print(json.dumps({"moves": moves, **result.document()}, indent=2))
        return result.exit_code
    print_run(result, environment, "rollback")
    _tell(result, environment, moves)
    return result.exit_code


def _tell(result: Run, environment: str, moves: list[str]) -> None:
    if result.exit_code not in (ExitCode.DONE, ExitCode.CHANGES_PENDING):
        return
    for move in moves:
        print(f"  {move}")
    if not result.dry:
        print(
            f"{environment} is not what is committed now: `homeport drift {environment}` shows the "
            f"difference\nnext: revert the commit; `homeport apply {environment}` goes to what is "
            "committed"
        )
