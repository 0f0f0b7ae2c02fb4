"""The address that gateways share: keepalived and the kernel's leave to listen on it."""

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.gateway_host import KeepalivedHost
from deploys.facts.once import once
from deploys.operations.docker_choice import refusal_of_system
from deploys.operations.host_files import written
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.questions.docker import DockerSystem
from deploys.questions.keepalived import (
    PLACES,
    SYSCTL,
    SYSCTL_TEXT,
    keepalived_differences,
)

Commands = Generator[StringCommand | FunctionCommand, None, None]


@operation()
def installed() -> Commands:
    """
    Have keepalived, and let Docker publish an address that the host does not have now.

    Nothing shares an address yet: without a configuration keepalived does not start.
    """
    found, system = once(host, KeepalivedHost), once(host, DockerHost)
    if found.installed and found.nonlocal_bind and SYSCTL in found.digests:
        host.noop("keepalived is installed")
        return
    refusal = refusal_of_system(system, "keepalived")
    if refusal is not None:
        yield refuse(refusal.error, refusal.hint)
        return
    if not system.systemd:
        yield refuse(
            "a shared address needs systemd, which is not PID 1 here",
            "leave `gateway.shared_address` out, or use a host with systemd",
        )
        return
    if not found.installed:
        if not system.apt_lists_fresh:
            yield _script(system, "apt", "update")
        yield _script(system, "apt", "install", "keepalived")
    yield from written({SYSCTL: SYSCTL_TEXT}, sudo=system.uid != 0)
    yield _root(system, f"sysctl --quiet --load {SYSCTL}")


@operation()
def served(directory: str, files: Mapping[str, str]) -> Commands:
    """
    Have keepalived run with the files of the current release.

    + directory: where the kit keeps its files
    + files: sha256 of keepalived's files by name
    """
    differences = keepalived_differences(files, once(host, KeepalivedHost))
    if not differences:
        host.noop("keepalived runs as committed")
        return
    system = once(host, DockerHost)
    yield _script(system, "set-keepalived", f"{directory}/current/gateways")


@operation()
def given_up() -> Commands:
    """Have keepalived stop where it runs with the kit's files, and remove those."""
    found = once(host, KeepalivedHost)
    if not {PLACES["check-gateway"], SYSCTL} & found.digests.keys():
        host.noop("the host shares no address")
        return
    system = once(host, DockerHost)
    yield _root(system, "systemctl disable --quiet --now keepalived.service")
    yield _root(system, " ".join(["rm -f --", *PLACES.values(), SYSCTL]))
    yield _root(system, "sysctl --quiet net.ipv4.ip_nonlocal_bind=0")


def _script(system: DockerSystem, name: str, *arguments: str) -> StringCommand:
    return run_script(SCRIPTS / name, *arguments, sudo=system.uid != 0)


def _root(system: DockerSystem, command: str) -> StringCommand:
    return StringCommand(command, _sudo=True) if system.uid != 0 else StringCommand(command)
