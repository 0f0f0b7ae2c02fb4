"""Brings the gateway of a host to its current release; a reload cuts no running answer."""

from pyinfra import host

from deploys.operations import compose, draining, fleet_way, gateway
from deploys.operations.manifest import (
    has_egress,
    host_directory,
    this_environment,
    this_network,
    this_project,
    this_release,
)

project = this_project(host, "gateways")
released = this_release(host).gateway

if project is not None and released is not None:
    compose.network(
        name="Make the network of engines and gateway",
        network=this_network(host),
        closed=has_egress(host),
    )
    fleet_way.open_to(
        name="Let the gateway reach engines on other hosts",
        environment=this_environment(host),
        network=this_network(host),
        engines=sorted(released.engines),
        closed=has_egress(host),
    )
    compose.up(
        name="Bring the gateway up",
        project=project.name,
        directory=f"{host_directory(host)}/current/gateways",
        services=project.services,
    )
    draining.finished(name="Restore what the rollout has drained", directory=host_directory(host))
    gateway.loaded(
        name="Load the gateway's configuration",
        directory=host_directory(host),
        project=project.name,
        revision=released.revision,
        image=released.image,
    )
