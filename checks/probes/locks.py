"""Holds an environment's lock on hosts, as a run that changes them does."""

import shlex
from pathlib import Path

from checks.probes.host import run
from deploys.history.holder import Holder, lock_text
from deploys.settings.inventory import InventoryHost

_SCRIPTS = Path(__file__).parents[2] / "deploys" / "operations" / "scripts"
TAKEN = "taken"


def take(host: InventoryHost, directory: str, environment: str, holder: Holder) -> str:
    """Empty once it is ours; else what the host says, such as who has it. Raises Unreachable.

    What a dead run has left is not taken over: what it was at, only an apply mends.
    """
    words = (directory, host.name, environment, lock_text(holder), "-", "")
    said = run(host, f"{{ {_command('take-lock', *words)} && echo {TAKEN}; }} 2>&1; true")
    lines = said.strip().splitlines()
    return "" if lines[-1:] == [TAKEN] else " ".join(lines) or "its lock cannot be taken"


def release(host: InventoryHost, directory: str, holder: Holder) -> None:
    """Lets go of what `holder` has, and of nothing else. Raises Unreachable."""
    run(host, f"{_command('release-lock', directory, holder.run)} 2>&1; echo")


def _command(script: str, *words: str) -> str:
    return shlex.join(["bash", "-c", (_SCRIPTS / script).read_text(), script, *words])
