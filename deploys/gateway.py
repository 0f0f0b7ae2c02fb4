"""Brings the gateway of a host to its current release; a reload cuts no running answer."""

from pyinfra import host

from deploys.operations import canaries, compose, draining, fleet_way, gateway, shared_address
from deploys.operations.gateway_certificate import loaded_secrets
from deploys.operations.manifest import (
    has_egress,
    host_directory,
    this_environment,
    this_network,
    this_project,
    this_release,
)
from deploys.render.keepalived import keepalived_digests

project = this_project(host, "gateways")
released = this_release(host).gateway

if project is not None and released is not None:
    if released.shared:
        shared_address.installed(name="Have keepalived")
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
        # One after the other where they share an address: the others have it meanwhile.
        _serial=bool(released.shared),
    )
    draining.finished(name="Restore what the rollout has drained", directory=host_directory(host))
    gateway.loaded(
        name="Load the gateway's configuration",
        directory=host_directory(host),
        project=project.name,
        revision=released.revision,
        image=released.image,
        secrets=loaded_secrets(released),
    )
    if not released.keeps_answers:
        gateway.answers_removed(
            name="Remove answers that were kept",
            directory=host_directory(host),
            image=released.image,
        )
    canaries.kept(
        name="Forget the shares of candidates that are gone",
        directory=host_directory(host),
        candidates={pool: one.words.candidate for pool, one in released.canaries.items()},
    )
    if released.shared:
        shared_address.served(
            name="Share the address",
            directory=host_directory(host),
            files=keepalived_digests(this_release(host).files),
        )
    else:
        shared_address.given_up(name="Share no address")
