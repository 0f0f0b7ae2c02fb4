"""Brings the models that a host's release names into the host's store, whole and proved."""

from pyinfra import host

from deploys.operations.manifest import host_directory, this_release
from deploys.operations.model_list import every_model

every_model(this_release(host), host_directory(host))
