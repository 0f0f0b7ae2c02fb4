"""Gateways that a run with `--limit` leaves out, and that it must drain at all the same."""

from pyinfra import inventory
from pyinfra.api.host import Host

from deploys.operations import run_lock
from deploys.operations.gateways import Gateway
from deploys.operations.manifest import this_environment, this_run
from deploys.operations.other_host import CommandFailed, connected, run_all


def lock_also(gateway: Gateway, owner: Host) -> None:
    """Connects a gateway that is not among the run's hosts and takes its lock, too.

    Two runs that are limited to different hosts would otherwise drain two replicas of one pool at
    the same time. Raises CommandFailed with what to do.
    """
    if gateway.host in inventory.get_active_hosts():
        return
    name = gateway.host.name
    try:
        connected(gateway.host)
    except CommandFailed as failure:
        raise CommandFailed(
            f"error: {failure}\nhint: {name} is a gateway: no replica is replaced that cannot be "
            "drained there; bring it back, or take it out of `gateways` in the inventory"
        ) from failure
    run = this_run(owner)
    run_all(
        gateway.host,
        run_lock.taken._inner(
            directory=gateway.directory,
            environment=this_environment(owner),
            action="rollback" if run.goes_back else "apply",
            release=run.release.release,
        ),
    )
