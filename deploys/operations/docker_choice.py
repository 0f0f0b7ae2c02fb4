"""Which packages bring Docker Engine and Compose v2 to a system: decisions, no host touched."""

import re
from dataclasses import dataclass

from deploys.questions.docker import DockerSystem
from deploys.settings.docker import Docker

ENGINE_PACKAGES = ("docker.io", "iptables")
COMPOSE_PACKAGES = ("docker-compose-plugin", "docker-compose-v2", "docker-compose")
DOCKER_PACKAGES = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin")
DISTRIBUTIONS = ("debian", "ubuntu")
# Docker's documentation of CDI devices: a feature of Engine 25, on by default from 28.2 on.
CDI_SINCE = 25

# Debian 12 packages only Compose v1. Trixie's docker-compose needs nothing newer than bookworm has
# (libc6 >= 2.34), so it alone is let in.
NEXT_RELEASE = "trixie"
SOURCE_NAME = "homeport-trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Refusal:
    """Why a host cannot get Docker from the kit, and what helps."""

    error: str
    hint: str


def docker_packages(docker: Docker) -> dict[str, str | None]:
    """Package of Docker's own source -> the version the inventory wants; None for any."""
    versions = (docker.version, docker.version, docker.containerd_version, docker.compose_version)
    return dict(zip(DOCKER_PACKAGES, versions, strict=True))


def is_complete(system: DockerSystem) -> bool:
    """Whether nothing has to be installed: a client, a daemon somewhere, and Compose v2."""
    return has_engine(system) and bool(system.client) and has_compose(system)


def has_engine(system: DockerSystem) -> bool:
    """Whether there is a daemon: one that answers, one that refuses this user, or its program."""
    return bool(system.engine or system.daemon or system.denied)


def has_compose(system: DockerSystem) -> bool:
    return major(system.compose) >= 2


def refusal_to_install(system: DockerSystem) -> Refusal | None:
    """Why packages cannot be installed; None when they can."""
    missing = "Docker" if not has_engine(system) or not system.client else "Docker Compose v2"
    return refusal_of_system(system, missing)


def refusal_of_system(system: DockerSystem, missing: str) -> Refusal | None:
    """Why the kit can install no package here, told for what is missing; None when it can."""
    if system.distribution not in DISTRIBUTIONS or not system.apt:
        found = system.distribution or "an unknown system"
        return Refusal(
            f"{missing} is missing, and the kit cannot install it on {found}",
            "use Debian 12/13 or Ubuntu 22.04/24.04, or install Docker Engine and Compose v2",
        )
    if not system.may_become_root:
        return Refusal(
            f"{missing} is missing, and installing it needs root",
            "run as root, install sudo for this user, or have an administrator install it",
        )
    return None


def refusal_to_use(system: DockerSystem) -> Refusal:
    """Why a daemon that is there does not serve this user."""
    if system.denied:
        return Refusal(
            "Docker is running, and this user has no permission on its socket",
            "add the user to the docker group and log in again, or run with sudo",
        )
    return Refusal(
        f"Docker does not answer: {system.engine_error or 'no client found'}",
        "see what `docker version` says on the host",
    )


def refusal_for_gpus(engine: str, source: str = "distribution") -> Refusal | None:
    """Why an Engine of this version cannot serve a host with GPUs; None when it can."""
    if not engine or major(engine) >= CDI_SINCE:
        return None
    error = f"Docker Engine {engine} has no CDI, by which containers get GPUs"
    own = f'set "version" in docker to {CDI_SINCE} or later for this host, such as "28.5.2"'
    other = 'set docker = {"source": "docker"} for this host, or put it on Debian 13 or Ubuntu'
    return Refusal(f"{error} ({CDI_SINCE} and later)", own if source == "docker" else other)


def refusal_of_version(engine: str, docker: Docker) -> Refusal | None:
    """Why Docker's own packages, as the inventory wants them, cannot serve a host with GPUs."""
    # A pin may be a major version alone; without one, what is installed stays.
    wanted = f"{docker.version}." if docker.version else engine
    refusal = refusal_for_gpus(wanted, docker.source)
    return refusal and Refusal(refusal.error.replace(wanted, wanted.rstrip(".")), refusal.hint)


def engine_packages(system: DockerSystem, candidates: dict[str, str]) -> tuple[str, ...]:
    """What is missing of the daemon and its client; from Debian 13 on the client is its own."""
    packages: tuple[str, ...] = () if has_engine(system) else ENGINE_PACKAGES
    needs_client = not has_engine(system) or not system.client
    if needs_client and "docker-cli" in candidates:
        packages = (*packages, "docker-cli")
    elif not system.client and not packages:
        packages = ("docker.io",)
    return packages


def compose_package(candidates: dict[str, str]) -> str | None:
    """The first package whose candidate is Compose v2 or later; None when there is none."""
    for package in COMPOSE_PACKAGES:
        if major(candidates.get(package, "")) >= 2:
            return package
    return None


def next_release_source(mirror: str) -> tuple[str, str]:
    """Texts of the deb822 source and of the pin that lets nothing but docker-compose in."""
    source = (
        "# Homeport: Docker Compose v2, which Debian 12 lacks; see the pin in preferences.d.\n"
        f"Types: deb\nURIs: {mirror}\nSuites: {NEXT_RELEASE}\nComponents: main\n"
        f"Signed-By: {KEYRING}\n"
    )
    pin = (
        f"Explanation: Homeport: nothing but docker-compose may come from {NEXT_RELEASE}.\n"
        f"Package: *\nPin: release n={NEXT_RELEASE}\nPin-Priority: -1\n\n"
        f"Package: docker-compose\nPin: release n={NEXT_RELEASE}\nPin-Priority: 990\n"
    )
    return source, pin


def needs_next_release(system: DockerSystem, candidates: dict[str, str]) -> bool:
    return compose_package(candidates) is None and system.codename == "bookworm"


def major(version: str) -> int:
    """First number of a version: `1.29.2-3`, `2.26.1+ds1-1`, `2:2.40.3` -> 1, 2, 2; 0 for none."""
    found = re.match(r"(?:\d+:)?v?(\d+)\.", version)
    return int(found.group(1)) if found else 0
