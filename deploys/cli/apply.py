"""`homeport apply ENV`: ships the committed files, converges the hosts, verifies."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from checks.committed import read_committed
from checks.reports.document import fleet_of
from deploys.cli.exit_codes import ExitCode
from deploys.cli.history import limited
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.cli.root import repository_root
from deploys.cli.stages import run_stages
from deploys.cli.verify import verify
from deploys.cli.verify_kept import place
from deploys.cli.verify_options import ReportOption
from deploys.history.words import REASON
from deploys.render.differences import Difference
from deploys.settings.inventory import InventoryHost, read_inventory
from deploys.settings.refusal import Complaint, Refused

DryOption = Annotated[bool, typer.Option("--dry", help="Only say what would change.")]
LimitOption = Annotated[str, typer.Option(help="Only this host.")]
ReasonOption = Annotated[str, typer.Option(help="Why; others read it in the lock and the audit.")]


def apply(
    environment: EnvironmentArgument,
    dry: DryOption = False,
    limit: LimitOption = "",
    reason: ReasonOption = "",
    verified: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Run every check afterwards.")
    ] = True,
    keep: ReportOption = False,
    as_json: JsonOption = False,
) -> int:
    """Brings the hosts to what is committed; says afterwards whether it serves."""
    root = repository_root()
    _refuse_stale_files(root, environment)
    if keep:
        # Whatever keeps a report from being written is refused while no host is touched.
        place(root, environment, fleet_of(read_committed(root, environment)), None)
    arguments = limit_arguments(limited(read_inventory(root, environment), limit), limit)
    result = run_pyinfra(
        root, environment, "deploys/site.py", arguments, dry=dry, words=reason_words(reason)
    )
    if as_json:
        print(json.dumps(result.document(), indent=2))
    else:
        print_run(result, environment, "apply")
    if result.exit_code or dry or not verified:
        return result.exit_code
    return verify(environment, keep=keep)


def _refuse_stale_files(root: Path, environment: str) -> None:
    pending = run_stages(root, environment).pending
    if pending:
        hint = f"homeport render {environment}, review, commit, and apply again"
        raise Refused([Complaint(item.path, "", _found(item), hint) for item in pending])


def _found(item: Difference) -> str:
    reason = f" ({item.reason})" if item.reason else ""
    return f"is {item.state}: not what render writes{reason}"


def limit_arguments(hosts: Sequence[InventoryHost], limit: str) -> list[str]:
    """pyinfra's words for running on these hosts alone."""
    return [word for host in hosts for word in ("--limit", host.connection)] if limit else []


def reason_words(reason: str) -> dict[str, str]:
    """For pyinfra's environment; what the caller's own environment says stays otherwise."""
    return {REASON: reason} if reason else {}


def print_run(result: Run, environment: str, verb: str) -> None:
    """What a run changed, or why it ended."""
    if result.exit_code in (ExitCode.DONE, ExitCode.CHANGES_PENDING):
        print(_summary(result, environment, verb))
    else:
        print(result.explanation, file=sys.stderr)


def _summary(result: Run, environment: str, verb: str) -> str:
    changed = "\n".join(f"  {name}" for name in result.changed)
    if result.dry:
        if not result.changed:
            return f"{environment}: nothing to change"
        changed = "\n".join([changed, *(f"  {line}" for line in result.rollout)])
        next_step = f"next: homeport {verb} {environment}"
        return f"{environment}: these would change:\n{changed}\n{next_step}"
    if not result.changed:
        return f"{environment}: nothing had to change"
    return f"{environment}: changed:\n{changed}"
