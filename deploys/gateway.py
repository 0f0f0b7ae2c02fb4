"""Brings the gateway of a host to its current release; a reload cuts no running answer."""

from pyinfra import host

from deploys.operations import compose, draining, gateway
from deploys.operations.manifest import host_directory, this_network, this_project, this_release

project = this_project(host, "gateways")
released = this_release(host).gateway

if project is not None and released is not None:
    compose.network(name="Make the network of engines and gateway", network=this_network(host))
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
