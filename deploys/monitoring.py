"""Brings what watches the fleet to the host's current release, and what tells of the host."""

from pyinfra import host

from deploys.operations import compose
from deploys.operations.manifest import (
    has_egress,
    host_directory,
    project_of,
    this_network,
    this_project,
)

exporters = this_project(host, "exporters")
monitors = this_project(host, "monitors")

if exporters is not None:
    compose.network(
        name="Make the network of engines and gateway",
        network=this_network(host),
        closed=has_egress(host),
    )
    compose.up(
        name="Bring the exporters up",
        project=exporters.name,
        directory=f"{host_directory(host)}/current/exporters",
        services=exporters.services,
    )
else:
    compose.removed(name="Have no exporters", project=project_of(host, "exporters"))

if monitors is not None:
    compose.up(
        name="Bring the monitors up",
        project=monitors.name,
        directory=f"{host_directory(host)}/current/monitors",
        services=monitors.services,
    )
else:
    compose.removed(name="Have no monitors", project=project_of(host, "monitors"))
