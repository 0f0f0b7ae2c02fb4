"""Brings the engines of a host to its current release, one replica after the other."""

from pyinfra import host

from deploys.operations import compose
from deploys.operations.manifest import host_directory, this_network, this_project

project = this_project(host, "gpu_hosts")

if project is not None:
    compose.network(name="Make the network of engines and gateway", network=this_network(host))
    compose.up(
        name="Bring the engines up",
        project=project.name,
        directory=f"{host_directory(host)}/current/gpu_hosts",
        services=project.services,
    )
