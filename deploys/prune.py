"""Removes the releases of a host beyond the last few; models and images stay."""

from pyinfra import host

from deploys.operations import pruning
from deploys.operations.manifest import host_directory, this_run

run = this_run(host)

pruning.pruned(
    name="Remove releases beyond the last five",
    directory=host_directory(host),
    fleet=run.fleet,
    release=run.release.release,
)
