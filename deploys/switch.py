"""Makes the release that was staged and proved the current one of the host."""

from pyinfra import host

from deploys.operations import release
from deploys.operations.manifest import host_directory, this_run

run = this_run(host)

release.switched(
    name=f"Switch to release {run.release.release}", directory=host_directory(host), run=run
)
