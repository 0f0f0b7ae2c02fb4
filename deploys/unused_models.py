"""Removes the models that no release needs from a host; `homeport models unused` lists them."""

from pyinfra import host, local

from deploys.operations import unused_models
from deploys.operations.manifest import host_directory, this_release

local.include("deploys/lock.py")

unused_models.removed(
    name="Remove unused models", directory=host_directory(host), release=this_release(host)
)
