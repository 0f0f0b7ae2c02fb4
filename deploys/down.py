"""Takes an environment down: `pyinfra inventories/ENV.py deploys/down.py`.

Containers, networks, the rules of the host's firewall that the kit has set and, where the kit's
directory lies in this checkout, all that is in it. The Docker daemon too, if the kit itself started
it. Packages and images stay.
"""

from pathlib import Path

from pyinfra import host

from deploys.operations import fleet_way, group_way, image_base, teardown, watch
from deploys.operations.manifest import host_directory, this_environment

environment = this_environment(host)

watch.given_up(name="Watch nothing", directory=host_directory(host), environment=environment)

teardown.containers(name="Remove containers and networks", environment=environment)

group_way.closed_to_others(
    name="Keep nobody out where replicas on several hosts met", environment=environment, groups=None
)

fleet_way.given_up(name="Let no gateway reach engines on other hosts", environment=environment)

if Path(host_directory(host)).is_relative_to(Path.cwd()):
    teardown.folders(
        name="Remove the kit's folders",
        environment=environment,
        directory=host_directory(host),
        image=image_base.BASE,
    )

teardown.daemon(name="Stop the Docker daemon that the kit started", environment=environment)
