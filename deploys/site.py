"""Everything, in order. Each part can be handed to pyinfra by itself as well."""

from pyinfra import local

local.include("deploys/preflight.py")
local.include("deploys/lock.py")
local.include("deploys/docker.py")
local.include("deploys/nvidia.py")
local.include("deploys/images.py")
local.include("deploys/models.py")
local.include("deploys/releases.py")
local.include("deploys/engines.py")
local.include("deploys/switch.py")
local.include("deploys/retrieval.py")
local.include("deploys/gateway.py")
local.include("deploys/monitoring.py")
local.include("deploys/watch.py")
local.include("deploys/prune.py")
