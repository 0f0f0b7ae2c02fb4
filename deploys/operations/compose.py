"""Brings Compose projects to the rendered state: converges on container labels, not on changes."""

from collections.abc import Generator, Mapping
from typing import Any

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand, operation

from deploys.facts.compose import ComposeServices, NetworkExists
from deploys.facts.once import once
from deploys.operations.host_script import refuse

Commands = Generator[StringCommand, None, None]

# A model of several hundred GiB from a slow disk; the health check's start period is shorter.
READY_SECONDS = 3600


@operation()
def up(project: str, directory: str, services: Mapping[str, str]) -> Commands:
    """
    Bring a Compose project's services to their rendered configuration, one after the other.

    + project: name of the Compose project
    + directory: folder on the host that holds compose.yaml
    + services: rendered ``homeport.config-sha256`` label by service

    A service that runs as rendered, is healthy and carries its label is left alone. The first
    failure ends the operation: later services keep what they run.
    """
    if not services:
        raise OperationError("compose.up needs at least one service")
    current = once(host, ComposeServices, project=project, directory=directory)
    if _failed_elsewhere():
        yield refuse("left as it is: the same has failed on another host", "mend that one first")
        return
    stale = [
        name for name in sorted(services) if not _is_current(current.get(name), services[name])
    ]
    extra = sorted(current.keys() - services.keys())
    if not stale and not extra:
        host.noop(f"compose project {project} is up to date")
        return
    for name in stale:
        yield _up(project, directory, name, _is_unhealthy(current.get(name)))
    for name in extra:
        yield _remove(str(current[name]["id"]))


@operation()
def removed(project: str) -> Commands:
    """
    Remove the containers of a Compose project that a host has no part in any more.

    + project: its name
    """
    current = once(host, ComposeServices, project=project)
    if not current:
        host.noop(f"no container of {project} is there")
    for _, service in sorted(current.items()):
        yield _remove(str(service["id"]))


@operation()
def network(network: str, closed: bool = False) -> Commands:
    """
    Make the Docker network on which a host's gateway and engines meet.

    + network: its name
    + closed: whether no way leads out of it, as beside an egress hop

    Docker's own `internal` networks cannot publish the gateway's port; one that does not
    masquerade can, and no answer from outside finds the way back into it. One that is there and
    lets out was refused in preflight.
    """
    if once(host, NetworkExists, network=network):
        host.noop(f"network {network} exists")
        return
    label = QuoteString(f"homeport.environment={network.removeprefix('homeport-')}")
    option = "--opt com.docker.network.bridge.enable_ip_masquerade=false" if closed else ""
    # Both the engines' and the gateway's deploy want it, and may run by themselves.
    yield StringCommand(
        "docker network inspect", QuoteString(network), ">/dev/null 2>&1 ||",
        "docker network create --label", label, option, QuoteString(network),
    )  # fmt: skip


def _failed_elsewhere() -> bool:
    """Whether this operation is over on another host and has failed there.

    pyinfra takes hosts one after the other (`_serial`) and goes on after a failure: gateways that
    share an address would all be replaced by what does not start.
    """
    state, number = host.state, host.current_op_hash
    if not state.is_executing or number is None:
        return False
    metas = [
        state.ops[other][number].operation_meta
        for other in state.inventory.get_active_hosts()
        if other is not host and number in state.ops[other]
    ]
    return any(meta.is_complete() and not meta.did_succeed() for meta in metas)


def _is_current(service: Mapping[str, Any] | None, config: str) -> bool:
    return (
        service is not None
        and service["status"] == "running"
        and service["health"] in (None, "healthy", "starting")
        and service["config"] == config
        and not service["differs"]
    )


def _is_unhealthy(service: Mapping[str, Any] | None) -> bool:
    return service is not None and service["health"] == "unhealthy"


def _up(project: str, directory: str, service: str, recreate: bool) -> StringCommand:
    # `up --wait` fails at once on an unhealthy container and never restarts it.
    force = "--force-recreate" if recreate else ""
    compose = StringCommand(
        "docker compose --progress plain --project-name",
        QuoteString(project),
        "--project-directory",
        QuoteString(directory),
    )
    return StringCommand(
        compose,
        "up --detach --no-deps",
        force,
        "--wait --wait-timeout",
        str(READY_SECONDS),
        QuoteString(service),
        "|| {",
        compose,
        "logs --no-color --tail 40",
        QuoteString(service),
        "; exit 1; }",
    )


def _remove(container: str) -> StringCommand:
    return StringCommand("docker stop", container, "&& docker rm", container)
