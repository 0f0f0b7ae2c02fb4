"""Breaks the locks of the runs that HOMEPORT_RUNS names; `homeport unlock` finds and names them."""

import os

from pyinfra import host

from deploys.history.words import REASON, RUNS
from deploys.operations import run_lock
from deploys.operations.manifest import host_directory, this_environment

run_lock.broken(
    name="Break the lock of a dead run",
    directory=host_directory(host),
    environment=this_environment(host),
    runs=os.environ.get(RUNS, ""),
    reason=os.environ.get(REASON, ""),
)
