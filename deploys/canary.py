"""Sets the share HOMEPORT_CANARY of a pool's candidate at a gateway: `homeport canary ENV`."""

import os

from pyinfra import host

from deploys.history.words import CANARY
from deploys.operations import canaries
from deploys.operations.manifest import host_directory, this_project

project = this_project(host, "gateways")

if project is not None:
    canaries.shared(
        name="Set the candidate's share",
        directory=host_directory(host),
        project=project.name,
        share=os.environ[CANARY],
    )
