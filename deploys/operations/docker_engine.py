"""Brings Docker Engine and Compose v2 to a host, and its daemon up.

Facts are asked again between commands: pyinfra runs these bodies a second time while it executes,
one command after the other, so they see what the commands before them did.
"""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation

from deploys.facts.apt import AptCandidates, AptSettings
from deploys.facts.docker import DockerHost
from deploys.facts.nvidia import NvidiaHost
from deploys.facts.once import once
from deploys.operations import docker_choice as choice
from deploys.operations.docker_repository import from_docker
from deploys.operations.first_look import after_the_lock
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.questions.docker import DockerSystem
from deploys.settings.docker import Docker

Commands = Generator[StringCommand | FunctionCommand, None, None]


@operation()
def installed(docker: Docker | None = None, gpus: bool = False) -> Commands:
    """
    Install Docker Engine and Compose v2, as far as they are missing.

    Needs root or sudo only where something is missing. Packages of the distribution that are there
    stay as they are.

    + docker: where they come from, and at which version; the distribution's when left out
    + gpus: whether containers are to get NVIDIA's devices where the host has them
    """
    docker = docker or Docker()
    after_the_lock(host)
    system = once(host, DockerHost)
    gpus = gpus and once(host, NvidiaHost).devices > 0
    if docker.source == "distribution":
        yield from _from_distribution(system, gpus)
        return
    old = choice.refusal_of_version(system.engine, docker) if gpus else None
    if old is not None:
        yield refuse(old.error, old.hint)
        return
    yield from from_docker(system, docker)


def _from_distribution(system: DockerSystem, gpus: bool) -> Commands:
    if gpus and (old := choice.refusal_for_gpus(system.engine)):
        yield refuse(old.error, old.hint)
        return
    if choice.is_complete(system):
        version = system.engine or "installed"
        host.noop(f"Docker Engine ({version}) and Compose {system.compose} are there")
        return
    refusal = choice.refusal_to_install(system)
    if refusal is not None:
        yield refuse(refusal.error, refusal.hint)
        return
    if not system.apt_lists_fresh:
        yield _apt(system, "update")
    packages = choice.engine_packages(system, _candidates("docker-cli"))
    # Asked before it is installed, for it would be in the way of Docker's own afterwards.
    offered = _candidates("docker.io").get("docker.io", "") if gpus else ""
    if old := choice.refusal_for_gpus(offered):
        yield refuse(old.error, old.hint)
        return
    if packages:
        # The keyring too: an old one does not know the keys of the release after this one.
        keyring = ("debian-archive-keyring",) if system.distribution == "debian" else ()
        yield _apt(system, "install", *packages, *keyring)
    if not choice.has_compose(system):
        yield from _compose(system)


@operation()
def running() -> Commands:
    """
    Have a Docker daemon answer this user.

    One that answers is left alone, however it was started. Otherwise systemd starts it where
    systemd is PID 1; elsewhere the daemon is started itself, and stopped by the tear-down.
    """
    system = once(host, DockerHost)
    if system.engine:
        host.noop(f"Docker Engine {system.engine} answers")
        return
    if system.denied:
        yield _refuse_to_use(system)
        return
    if not system.may_become_root:
        yield refuse(
            "Docker is installed but does not run, and starting it needs root",
            "run as root, or have an administrator start it (systemctl start docker)",
        )
        return
    yield from starting(system)
    after = host.get_fact(DockerHost)
    if not after.engine:
        yield _refuse_to_use(after)


def starting(system: DockerSystem) -> Commands:
    """Starts the daemon in the way that fits the host, and says which one that was."""
    sudo = system.uid != 0
    if system.systemd:
        command = "systemctl enable --now docker.service"
        yield StringCommand(command, _sudo=True) if sudo else StringCommand(command)
        yield _say("systemd runs Docker, now and after each boot")
        return
    yield run_script(SCRIPTS / "start-dockerd", sudo=sudo)
    yield _say("systemd is not PID 1 here: started dockerd itself (/var/log/homeport/dockerd.log)")


def _compose(system: DockerSystem) -> Commands:
    candidates = _candidates(*choice.COMPOSE_PACKAGES)
    if choice.needs_next_release(system, candidates):
        mirror = host.get_fact(AptSettings).debian_mirror
        if mirror is None:
            yield refuse(
                "Debian 12 has only Compose v1, and apt names no http(s) mirror to take v2 from",
                "add the site's mirror to /etc/apt/sources.list, or install Compose v2",
            )
            return
        yield _apt(system, "add_source", choice.SOURCE_NAME, *choice.next_release_source(mirror))
        candidates = _candidates(*choice.COMPOSE_PACKAGES)
    package = choice.compose_package(candidates)
    if package is None:
        yield refuse(
            f"apt knows no Compose v2 for {system.distribution} {system.codename}",
            "check the package sources (Ubuntu: universe), or install the Compose plugin",
        )
        return
    yield _apt(system, "install", package)


def _candidates(*packages: str) -> dict[str, str]:
    return host.get_fact(AptCandidates, packages=packages)


def _apt(system: DockerSystem, *arguments: str) -> StringCommand:
    return run_script(SCRIPTS / "apt", *arguments, sudo=system.uid != 0)


def _refuse_to_use(system: DockerSystem) -> StringCommand:
    refusal = choice.refusal_to_use(system)
    return refuse(refusal.error, refusal.hint)


def _say(message: str) -> FunctionCommand:
    return FunctionCommand(host.log, (message,), {})
