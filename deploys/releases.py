"""Stages the committed files on the host and proves them there; nothing that runs is touched."""

from pyinfra import host

from deploys.operations import draining, egress, gateway, gateway_certificate, release
from deploys.operations.manifest import (
    committed_files,
    committed_sources,
    host_directory,
    this_run,
)

run = this_run(host)
committed = run.release
directory = host_directory(host)

release.folders(name="Make the kit's folders", directory=directory)

if committed.gateway is not None:
    gateway.clients(
        name="Give the gateway its clients' digests",
        directory=directory,
        clients=committed.gateway.clients,
        image=committed.gateway.image,
    )
    if committed.gateway.counts_tokens:
        gateway.counters(
            name="Give the gateway a folder for its counters",
            directory=directory,
            image=committed.gateway.image,
        )

if committed.gateway is not None and committed.gateway.egress is not None:
    egress.prepared(
        name="Give the egress hop the provider's key",
        directory=directory,
        key=committed.gateway.egress.key,
        image=committed.gateway.image,
    )

if committed.gateway is not None and committed.gateway.tls is not None:
    gateway_certificate.certified(
        name="Give the gateway its certificate",
        directory=directory,
        tls=committed.gateway.tls,
        image=committed.gateway.image,
    )

release.staged(
    name=f"Stage release {committed.release}",
    directory=directory,
    release=committed.release,
    files=committed_files(committed),
    sources=committed_sources(committed),
)

if committed.gateway is not None:
    draining.included(
        name="Keep what is drained out of the gateway's pools",
        directory=directory,
        pools=committed.files.get("nginx/pools.conf", "")[:12],
    )

release.proved(
    name=f"Prove release {committed.release}",
    directory=directory,
    run=run,
    checks=release.checks(committed, directory),
)
