"""Brings the engines to the release: what is missing at once, what runs one after the other.

A running replica is drained at every gateway, replaced, proved by a real completion and restored,
one at a time over the whole fleet; the first failure goes back and ends the run.
"""

from pyinfra import host

from deploys.operations import compose, engine_services, group_way, rolling
from deploys.operations.manifest import (
    engines_project,
    has_egress,
    host_directory,
    this_environment,
    this_network,
    this_project,
    this_release,
)

project = this_project(host, "gpu_hosts")

if project is not None:
    compose.network(
        name="Make the network of engines and gateway",
        network=this_network(host),
        closed=has_egress(host),
    )

group_way.closed_to_others(
    name="Let in nobody but the hosts of a replica where those meet",
    environment=this_environment(host),
    groups=this_release(host).groups,
)

engine_services.started(
    name="Start the engines that are missing",
    project=engines_project(host),
    directory=host_directory(host),
    release=this_release(host).release,
    services=project.services if project is not None else {},
    grouped=groups.services if (groups := this_release(host).groups) is not None else (),
)

rolling.rolled(name="Replace running engines, one after the other")
