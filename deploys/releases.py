"""Stages the committed files on the host and proves them there; nothing that runs is touched."""

from pyinfra import host, local

from deploys.operations import draining, release, staging
from deploys.operations.manifest import host_directory, this_run
from deploys.operations.shipping import shipped_files, shipped_sources

run = this_run(host)
committed = run.release
directory = host_directory(host)

release.folders(name="Make the kit's folders", directory=directory)

local.include("deploys/gateway_secrets.py")
local.include("deploys/monitor_secrets.py")

staging.staged(
    name=f"Stage release {committed.release}",
    directory=directory,
    release=committed.release,
    files=shipped_files(host, committed),
    sources=shipped_sources(committed),
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
