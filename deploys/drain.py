"""Takes the replica HOMEPORT_REPLICA out at every gateway: `homeport drain ENV REPLICA`."""

import os

from pyinfra import host

from deploys.history.words import REASON, REPLICA
from deploys.operations import draining
from deploys.operations.manifest import host_directory, this_project

project = this_project(host, "gateways")

if project is not None:
    draining.drained(
        name="Send nothing more to the replica",
        directory=host_directory(host),
        project=project.name,
        replica=os.environ.get(REPLICA, ""),
        reason=os.environ.get(REASON, ""),
    )
