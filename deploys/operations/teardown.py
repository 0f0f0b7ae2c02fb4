"""Takes an environment off a host: what it started is stopped, what it made is removed.

Packages and images stay: they are somebody else's too, and cost nothing while nothing runs.
"""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, QuoteString, StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.leftovers import Leftover, Leftovers
from deploys.operations.host_script import SCRIPTS, refuse, run_script

# Everything the kit makes below its directory; anything else there is not the kit's.
FOLDERS = (
    *("releases", "current", "applied", "fleet", "gateway", "models", "secrets", "state"),
    *("logs", "images", "lock", "audit.log", "vector_store"),
)
STOP_SECONDS = "30"

Commands = Generator[StringCommand | FunctionCommand, None, None]


@operation()
def containers(environment: str) -> Commands:
    """
    Stop and remove the containers and networks of an environment.

    + environment: value of their label ``homeport.environment``
    """
    left = _leftovers(environment)
    if not left.containers and not left.networks:
        host.noop(f"no container and no network of {environment} is left")
        return
    if left.containers:
        ids = tuple(map(QuoteString, left.containers))
        yield StringCommand("docker stop --time", STOP_SECONDS, *ids, ">/dev/null")
        # Anonymous volumes go with them; the kit has no other kind.
        yield StringCommand("docker rm --force --volumes", *ids, ">/dev/null")
    if left.networks:
        networks = map(QuoteString, left.networks)
        yield StringCommand("docker network rm", *networks, ">/dev/null")


@operation()
def folders(environment: str, directory: str, image: str) -> Commands:
    """
    Remove what the kit made below its directory.

    + environment: the environment
    + directory: the kit's folder on the host
    + image: an image of the host with a shell, for files of another uid where there is no root
    """
    left = _leftovers(environment, *(f"{directory}/{folder}" for folder in FOLDERS))
    if not left.folders:
        host.noop(f"nothing of the kit is left in {directory}")
        return
    yield run_script(SCRIPTS / "remove-folders", directory, image, *FOLDERS)


@operation()
def daemon(environment: str) -> Commands:
    """
    Stop the Docker daemon if the kit started it, and nobody else's container runs in it.

    + environment: the environment
    """
    left = _leftovers(environment)
    if not left.daemon:
        host.noop("the kit did not start this host's Docker daemon")
        return
    strangers = left.strangers(environment)
    if strangers:
        reason = f"Docker stays up: it also runs {', '.join(strangers)}"
        host.noop(reason)
        if host.state.is_executing:
            host.log(reason)
        return
    system = host.get_fact(DockerHost)
    if not system.may_become_root:
        yield refuse("stopping the Docker daemon needs root", "run as root")
        return
    yield run_script(SCRIPTS / "stop-dockerd", sudo=system.uid != 0)
    yield FunctionCommand(
        host.log, ("stopped the Docker daemon that the kit started; packages and images stay",), {}
    )


def _leftovers(environment: str, *folders: str) -> Leftover:
    return host.get_fact(Leftovers, environment=environment, folders=folders)
