"""Brings what monitors need and no release holds: secrets, and folders to write to."""

from pyinfra import host

from deploys.operations import monitors
from deploys.operations.manifest import host_directory, this_release

released = this_release(host).monitors

if released is not None:
    monitors.prepared(
        name="Give monitors their secrets and folders",
        directory=host_directory(host),
        released=released,
    )
