"""Old releases are removed after the switch, never one that anything still points to."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.history import KeptReleases
from deploys.facts.once import once
from deploys.history.kept import KEPT, after_apply, removable


@operation()
def pruned(directory: str, fleet: str, release: str) -> Generator[StringCommand, None, None]:
    """
    Remove releases beyond those that a rollback can go to. Models and images stay.

    + directory: where the kit keeps its files
    + fleet: name of the fleet that this run brings
    + release: name of the host's release in it
    """
    kept = once(host, KeptReleases, directory=directory)
    if not host.state.is_executing:
        # What there will be: the switch comes before this.
        kept = after_apply(kept, fleet, release)
    fleets, releases = removable(kept, {release, kept.current, kept.gateway})
    if not fleets and not releases:
        host.noop(f"no more than the last {KEPT} releases are there")
        return
    if fleets:
        # First, so that no rollback is offered to what is half removed.
        links = (QuoteString(f"{directory}/applied/{name}") for name in fleets)
        yield StringCommand("rm -f --", *links)
    if releases:
        folders = (QuoteString(f"{directory}/releases/{name}") for name in releases)
        yield StringCommand("rm -rf --one-file-system --", *folders)
