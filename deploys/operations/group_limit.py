"""A run that leaves out hosts of a replica: what is replaced as one cannot be halved."""

from collections.abc import Iterator

from pyinfra import inventory

from deploys.operations.manifest import this_release
from deploys.render.release import Release
from deploys.settings.inventory import host_name


def left_out(release: Release) -> Iterator[str]:
    """Complaints about groups of this host that the run has not all hosts of."""
    active = {host_name(one.name) for one in inventory.get_active_hosts()}
    if release.groups is None or active >= {host_name(one.name) for one in inventory}:
        return
    for one in sorted((this_release(one) for one in inventory), key=lambda each: each.host):
        for replica in one.rollouts:
            hosts = {one.host, *(rank.host for rank in replica.behind)}
            missing = ", ".join(sorted(hosts - active))
            if replica.behind and release.host in hosts and missing:
                yield (
                    f"error: {release.host}: {replica.name} is one with {missing}, which this run "
                    "leaves out\nhint: apply without --limit; its hosts are replaced as one"
                )
