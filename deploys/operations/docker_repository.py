"""Docker Engine and Compose v2 from Docker's own package source."""

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand

from deploys.facts.packages import Packages
from deploys.operations import docker_choice as choice
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.package_choice import Source, chosen, is_there, missing_holds
from deploys.operations.package_source import added
from deploys.questions.docker import DockerSystem
from deploys.questions.packages import Package
from deploys.settings.docker import Docker

# What Docker's installation guide has one remove first; docker-cli is Debian 13's.
CONFLICTING = (
    "docker.io", "docker-cli", "docker-compose", "docker-compose-v2", "docker-doc",
    "podman-docker", "containerd", "runc",
)  # fmt: skip

Commands = Generator[StringCommand | FunctionCommand, None, None]


def source(system: DockerSystem, docker: Docker) -> Source:
    """Docker's package source for the host's distribution."""
    uri = f"{docker.repository.rstrip('/')}/{system.distribution}"
    return Source("homeport-docker", uri, system.codename, "stable")


def conflict(packages: dict[str, Package]) -> choice.Refusal | None:
    """Why the packages of the distribution are in the way; None when they are not there."""
    there = [name for name in CONFLICTING if name in packages and packages[name].installed]
    if not there:
        return None
    names = " ".join(there)
    return choice.Refusal(
        f"{', '.join(there)}: installed from the distribution, in conflict with docker-ce",
        f'"source": "distribution" keeps them; to change over, stop what runs on this host and '
        f"`apt-get remove {names}`: images and volumes stay",
    )


def from_docker(system: DockerSystem, docker: Docker) -> Commands:
    """Installs what is missing or at another version, and holds what the inventory pins."""
    names = choice.docker_packages(docker)
    packages = _packages(names)
    pinned = {name: version for name, version in names.items() if version is not None}
    if is_there(names, packages) and not missing_holds(pinned, packages):
        version = packages["docker-ce"].installed
        host.noop(f"docker-ce {version} and the Compose plugin are there")
        return
    refusal = choice.refusal_of_system(system, "Docker's own package") or conflict(packages)
    if refusal is not None:
        yield refuse(refusal.error, refusal.hint)
        return
    if not system.apt_lists_fresh:
        yield _apt(system, "update")
    if not (yield from added(system, source(system, docker), docker.key)):
        return
    versions = chosen(names, _packages(names))
    if isinstance(versions, choice.Refusal):
        yield refuse(versions.error, versions.hint)
        return
    exact = [f"{name}={version}" for name, version in versions.items()]
    yield _apt(system, "install_exactly", *exact)
    if pinned:
        yield _apt(system, "hold", *pinned)


def _packages(names: Mapping[str, object]) -> dict[str, Package]:
    return host.get_fact(Packages, packages=(*names, *CONFLICTING))


def _apt(system: DockerSystem, *arguments: str) -> StringCommand:
    return run_script(SCRIPTS / "apt", *arguments, sudo=system.uid != 0)
