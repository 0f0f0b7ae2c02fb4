"""`homeport unlock ENV`: breaks the lock that a dead run left behind, knowingly."""

import sys
from typing import Annotated

import typer

from deploys.cli.apply import LimitOption, ReasonOption, limit_arguments, reason_words
from deploys.cli.exit_codes import ExitCode
from deploys.cli.history import histories, limited
from deploys.cli.options import EnvironmentArgument
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.cli.root import repository_root
from deploys.history.holder import age
from deploys.history.process import is_running
from deploys.history.words import RUNS
from deploys.settings.inventory import read_inventory

YesOption = Annotated[bool, typer.Option("--yes", help="Break it: the run is known to be dead.")]


def unlock(
    environment: EnvironmentArgument,
    yes: YesOption = False,
    limit: LimitOption = "",
    reason: ReasonOption = "",
) -> int:
    """Shows who holds the lock; breaks it with --yes."""
    root = repository_root()
    hosts = limited(read_inventory(root, environment), limit)
    found, lost = histories(hosts, root)
    locks = {name: one.lock for name, one in found.items() if one.lock is not None}
    for name, lock in locks.items():
        print(f"{name}: locked by {lock} {age(lock.age_seconds)} ago")
    if lost:
        return ExitCode.HOST_UNREACHABLE
    if not locks:
        print(f"{environment}: no host is locked")
        return ExitCode.DONE
    living = {lock.process.pid for lock in locks.values() if is_running(lock.process)}
    if living:
        return _tell_living(living)
    if not yes:
        print(
            "error: two runs at once on one host do harm: make sure that this one is dead\n"
            f"hint: homeport unlock {environment} --yes",
            file=sys.stderr,
        )
        return ExitCode.CONFIRMATION_NEEDED
    runs = " ".join(sorted({lock.run or "-" for lock in locks.values()}))
    words = {RUNS: runs, **reason_words(reason)}
    result = run_pyinfra(
        root, environment, "deploys/unlock.py", limit_arguments(hosts, limit), words=words
    )
    print(result.explanation or f"{environment}: the lock is broken")
    return result.exit_code


def _tell_living(living: set[int]) -> int:
    numbers = ", ".join(map(str, sorted(living)))
    print(
        f"error: that run lives: it is process {numbers} on this machine\n"
        f"hint: wait for it, or end it (`kill {numbers}`): then it releases the lock itself",
        file=sys.stderr,
    )
    return ExitCode.LOCKED
