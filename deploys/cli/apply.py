"""`homeport apply ENV`: ships the committed files, converges the hosts, verifies."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from deploys.cli.exit_codes import ExitCode
from deploys.cli.plan import EnvironmentArgument, JsonOption
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.cli.root import repository_root
from deploys.cli.stages import run_stages
from deploys.cli.verify import verify
from deploys.settings.inventory import Inventory, read_inventory
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss


def apply(
    environment: EnvironmentArgument,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would change.")] = False,
    limit: Annotated[str, typer.Option(help="Only this host.")] = "",
    verified: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Run every check afterwards.")
    ] = True,
    as_json: JsonOption = False,
) -> int:
    """Brings the hosts to what is committed; says afterwards whether it serves."""
    root = repository_root()
    _refuse_stale_files(root, environment)
    arguments = _limited(read_inventory(root, environment), limit)
    result = run_pyinfra(root, environment, "deploys/site.py", arguments, dry=dry)
    _print(result, environment, as_json)
    if result.exit_code or dry or not verified:
        return result.exit_code
    return verify(environment)


def _refuse_stale_files(root: Path, environment: str) -> None:
    pending = run_stages(root, environment).pending
    if pending:
        hint = f"homeport render {environment}, review, commit, and apply again"
        raise Refused(
            [
                Complaint(item.path, "", f"is {item.state}: not what render writes", hint)
                for item in pending
            ]
        )


def _limited(inventory: Inventory, limit: str) -> list[str]:
    """pyinfra's own --limit exits 0 for a host that does not exist."""
    if not limit:
        return []
    hosts = {host.name: host.connection for host in inventory.hosts}
    if limit not in hosts:
        complaint = Complaint(
            inventory.file, "--limit", f"there is no host `{limit}`", near_miss(limit, hosts)
        )
        raise Refused([complaint])
    return ["--limit", hosts[limit]]


def _print(result: Run, environment: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_document(result), indent=2))
    elif result.exit_code in (ExitCode.DONE, ExitCode.CHANGES_PENDING):
        print(_summary(result, environment))
    else:
        print(result.explanation, file=sys.stderr)


def _summary(result: Run, environment: str) -> str:
    changed = "\n".join(f"  {name}" for name in result.changed)
    if result.dry:
        if not result.changed:
            return f"{environment}: nothing to change"
        return f"{environment}: these would change:\n{changed}\nnext: homeport apply {environment}"
    if not result.changed:
        return f"{environment}: nothing had to change"
    return f"{environment}: changed:\n{changed}"


def _document(result: Run) -> dict[str, Any]:
    return {
        "dry": result.dry,
        "exit_code": int(result.exit_code),
        "changed": result.changed,
        "failed_hosts": result.failed_hosts,
        "explanation": result.explanation,
    }
