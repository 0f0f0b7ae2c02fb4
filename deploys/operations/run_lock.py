"""The lock of an environment, on every host of a run, before anything is changed there."""

import json
import os
from collections.abc import Generator

from pyinfra import host, inventory
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host

from deploys.facts.history import Standing
from deploys.history import audit
from deploys.history.holder import Holder, lock_text, new_run, one_line, who
from deploys.history.process import is_gone, this_process
from deploys.history.words import REASON
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.run_end import is_certain, release_at_the_end
from deploys.settings.inventory import host_name

Commands = Generator[StringCommand | FunctionCommand, None, None]

# One word for the whole run, on every host.
_RUN = new_run()


def is_first(one: Host) -> bool:
    """Whether this host decides who goes on when two runs begin at the same time.

    Were all hosts locked at once, each run could get some, and none would go on.
    """
    return bool(one == min(inventory.get_active_hosts(), key=lambda active: str(active.name)))


@operation(is_idempotent=False)
def taken(directory: str, environment: str, action: str, release: str) -> Commands:
    """
    Take the lock of a host until this run ends; fails when somebody else holds it.

    + directory: where the kit keeps its files
    + environment: name of the environment, for the message
    + action: ``apply`` or ``rollback``
    + release: name of the release that the host is to have
    """
    if not host.state.is_executing:
        host.noop("what changes nothing takes no lock")
        return
    current, last = host.get_fact(Standing, directory=directory)
    holder = Holder(
        run=_RUN,
        who=who(),
        action=action,
        release=release,
        before=current,
        reason=one_line(os.environ.get(REASON, "")),
        process=this_process(),
    )
    release_at_the_end(host, directory, holder)
    gone = last if last is not None and is_gone(last.process) else None
    yield run_script(
        SCRIPTS / "take-lock",
        directory,
        host_name(host.name),
        environment,
        lock_text(holder),
        gone.run if gone else "-",
        audit.fields(gone) if gone else "",
    )
    yield FunctionCommand(is_certain, (host,), {})
    if gone:
        words = f"a run of {gone} died here and left its lock: this run goes on in its place"
        yield FunctionCommand(host.log, (words,), {})


@operation()
def broken(directory: str, environment: str, runs: str, reason: str) -> Commands:
    """
    Break the lock of a host that a dead run left behind.

    + directory: where the kit keeps its files
    + environment: name of the environment
    + runs: words of the runs whose locks may be broken, separated by blanks
    + reason: why, for the audit log
    """
    _, last = host.get_fact(Standing, directory=directory)
    if last is None:
        host.noop(f"{environment} is not locked here")
        return
    if (last.run or "-") not in runs.split():
        host.noop(f"the lock is held by another run than was to be broken: {last}")
        return
    line = audit.fields(last)
    words = json.dumps(f"lock broken by {who()}" + (f": {one_line(reason)}" if reason else ""))
    yield run_script(SCRIPTS / "release-lock", directory, last.run, line, words, last.before)
