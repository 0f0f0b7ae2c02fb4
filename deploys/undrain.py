"""Lets every gateway use the replica HOMEPORT_REPLICA again: `homeport undrain ENV REPLICA`."""

import os

from pyinfra import host

from deploys.history.words import REPLICA
from deploys.operations import draining
from deploys.operations.manifest import host_directory, this_project

project = this_project(host, "gateways")

if project is not None:
    draining.undrained(
        name="Use the replica again",
        directory=host_directory(host),
        project=project.name,
        replica=os.environ.get(REPLICA, ""),
    )
