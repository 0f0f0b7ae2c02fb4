"""Has systemd watch the replicas of a host and the pools of a gateway, where settings want that."""

from pyinfra import host

from deploys.operations import watch
from deploys.operations.manifest import (
    host_directory,
    this_environment,
    this_project,
    this_release,
)

released = this_release(host).watch
project = this_project(host, "gateways")

if released is not None:
    watch.installed(
        name="Watch what this host serves",
        directory=host_directory(host),
        environment=this_environment(host),
        watch=released,
        files=this_release(host).files,
    )

if released is None:
    watch.given_up(
        name="Watch nothing",
        directory=host_directory(host),
        environment=this_environment(host),
    )

if released is None and project is not None:
    watch.let_back(
        name="Let back what the watch has taken out",
        directory=host_directory(host),
        project=project.name,
    )
