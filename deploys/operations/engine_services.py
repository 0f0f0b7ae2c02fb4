"""The engines of a host: what nothing answers for is started at once, on all hosts together."""

from collections.abc import Collection, Generator, Mapping

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host

from deploys.facts.compose import ComposeServices
from deploys.facts.once import once
from deploys.operations.engine_causes import explained, kept_log
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.service_changes import Changes, changes

# A model of several hundred GiB from a slow disk; the health check's start period is shorter, and
# ends the wait for what never becomes healthy.
READY_SECONDS = 3600

# By the host's name; pyinfra carries nothing from one operation to the next, and asking each host
# again from the one that rolls would take a fleet of hundreds one round trip after the other.
_FOUND: dict[str, Changes] = {}


def changes_of(one: Host) -> Changes:
    """What `started` has found on a host in this run; nothing where there are no engines."""
    return _FOUND.get(one.name, Changes())


def replaced(directory: str, file: str, project: str, service: str, *options: str) -> StringCommand:
    """The command that makes a service's container as a Compose file below `directory` says."""
    words = (directory, file, project, service, str(READY_SECONDS))
    log = kept_log(directory, service)
    return run_script(SCRIPTS / "replace-replica", *words, log, *options)


@operation()
def started(
    project: str,
    directory: str,
    release: str,
    services: Mapping[str, str],
    grouped: Collection[str] = (),
) -> Generator[StringCommand | FunctionCommand, None, None]:
    """
    Start the engines of a host that do not run; those that do are left to the rollout.

    + project: name of the Compose project
    + directory: where the kit keeps its files on the host
    + release: name of the release that has them
    + services: rendered ``homeport.config-sha256`` label by service; none where none is to run
    + grouped: those of replicas on several hosts, which begin together: the rollout starts them

    Where others are to be replaced on the same host, what is new waits for those: they may hold its
    GPU or its port.
    """
    rendered = f"{directory}/releases/{release}/gpu_hosts"
    current = once(host, ComposeServices, project=project, directory=rendered)
    found = changes(current, services, grouped)
    _FOUND[host.name] = found
    if found.rolls or not found.start:
        host.noop("no engine is missing" if not found.start else "the rollout starts what is new")
        return
    file = f"releases/{release}/gpu_hosts/compose.yaml"
    for name in found.start:
        # Compose leaves an unhealthy container as it is.
        force = ("--force-recreate",) if name in current else ()
        command = replaced(directory, file, project, name, *force)
        yield explained(command, kept_log(directory, name), name)
