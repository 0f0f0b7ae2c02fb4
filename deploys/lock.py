"""Holds the environment's lock on every host of the run until the run ends, however it ends.

By itself: whether the lock can be had. `homeport unlock` breaks one that a dead run left behind.
"""

from pyinfra import host

from deploys.history.words import LOCKING
from deploys.operations import run_lock
from deploys.operations.manifest import host_directory, this_environment, this_run

run = this_run(host)
action = "rollback" if run.goes_back else "apply"

# On one host first, then on all others at the same time.
if run_lock.is_first(host):
    run_lock.taken(
        name=LOCKING,
        directory=host_directory(host),
        environment=this_environment(host),
        action=action,
        release=run.release.release,
    )

if not run_lock.is_first(host):
    run_lock.taken(
        name=LOCKING,
        directory=host_directory(host),
        environment=this_environment(host),
        action=action,
        release=run.release.release,
    )
