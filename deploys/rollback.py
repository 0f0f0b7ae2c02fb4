"""Goes back to a release that the host still keeps: the one before, or HOMEPORT_RELEASE.

The same operations as an apply, in the same order, but nothing is shipped: what lies on the host is
proved again. `homeport rollback` chooses one fleet for all hosts; by itself, each host goes back
to what it had before.
"""

from pyinfra import host, local

from deploys.operations import draining, release
from deploys.operations.going_back import kept_release
from deploys.operations.manifest import host_directory, this_run

kept = kept_release()
directory = host_directory(host)

local.include("deploys/preflight.py")
local.include("deploys/lock.py")
local.include("deploys/gateway_secrets.py")
local.include("deploys/monitor_secrets.py")

if kept.gateway is not None:
    draining.included(
        name="Keep what is drained out of the gateway's pools",
        directory=directory,
        pools=kept.files.get("nginx/pools.conf", "")[:12],
    )

release.proved(
    name=f"Prove release {kept.release} again",
    directory=directory,
    run=this_run(host),
    checks=release.checks(kept, directory),
)

local.include("deploys/engines.py")
local.include("deploys/switch.py")
local.include("deploys/retrieval.py")
local.include("deploys/gateway.py")
local.include("deploys/monitoring.py")
local.include("deploys/watch.py")
