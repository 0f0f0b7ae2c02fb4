"""`homeport models unused ENV`: what no release needs, by host; removed on request."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from checks.committed import Committed, read_committed
from checks.probes.host import Unreachable, ask_all, directory, run
from deploys.catalogue.unused import Unused, needed_words, question, unused
from deploys.cli.apply import LimitOption, limit_arguments, print_run, reason_words
from deploys.cli.exit_codes import ExitCode
from deploys.cli.history import limited
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.cli.root import repository_root
from deploys.settings.inventory import Inventory, InventoryHost

RemoveOption = Annotated[bool, typer.Option("--remove", help="Remove them, with --yes.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Yes: a rollback can't reach them.")]


def unused_models(
    environment: EnvironmentArgument,
    remove: RemoveOption = False,
    yes: YesOption = False,
    limit: LimitOption = "",
    as_json: JsonOption = False,
) -> int:
    """Lists what lies in the hosts' stores and no kept or committed release needs."""
    root = repository_root()
    committed = read_committed(root, environment)
    every = Inventory(root, environment, tuple(one.host for one in committed))
    hosts = limited(every, limit)
    found = _asked(root, committed, hosts)
    lists = {name: one for name, one in found.items() if not isinstance(one, Unreachable)}
    if as_json:
        print(json.dumps({name: [vars(one) for one in rows] for name, rows in lists.items()}))
    else:
        _print(lists)
    if len(lists) < len(found):
        lost = [f"error: {one}" for one in found.values() if isinstance(one, Unreachable)]
        print("\n".join(lost), file=sys.stderr)
        return ExitCode.HOST_UNREACHABLE
    if not remove or not any(lists.values()):
        return ExitCode.DONE
    return _remove(root, environment, limit_arguments(hosts, limit), yes=yes)


def _remove(root: Path, environment: str, arguments: Sequence[str], *, yes: bool) -> ExitCode:
    if not yes:
        hint = f"homeport models unused {environment} --remove --yes"
        print(f"error: what is removed must be fetched again\nhint: {hint}", file=sys.stderr)
        return ExitCode.CONFIRMATION_NEEDED
    words = reason_words("remove unused models")
    result = run_pyinfra(root, environment, "deploys/unused_models.py", arguments, words=words)
    print_run(result, environment, "models unused")
    return result.exit_code


def _asked(
    root: Path, committed: Sequence[Committed], hosts: Sequence[InventoryHost]
) -> Mapping[str, tuple[Unused, ...] | Unreachable]:
    models = {one.host.name: one.release.models for one in committed}

    def ask(host: InventoryHost) -> tuple[Unused, ...]:
        answer = run(host, question(directory(host, root)))
        try:
            needed = needed_words(model.files for model in models[host.name])
            return unused(answer.splitlines(), needed)
        except ValueError as error:
            raise Unreachable(host.name, str(error)) from None

    return ask_all(hosts, ask)


def _print(lists: Mapping[str, tuple[Unused, ...]]) -> None:
    for name, rows in lists.items():
        freed_mib = sum(one.freed_bytes for one in rows) / 2**20
        print(f"{name}: {f'{freed_mib:.1f} MiB are unused' if rows else 'nothing is unused'}")
        for one in rows:
            more = f" and {len(one.names) - 1} more" if len(one.names) > 1 else ""
            size_mib = one.freed_bytes / 2**20
            print(f"  {one.path[:24]:24}  {size_mib:10.1f} MiB  {one.names[0]}{more}")
