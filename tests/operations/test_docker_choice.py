"""Which packages each distribution needs, decided without a host."""

import pytest

from deploys.operations import docker_choice as choice
from deploys.operations.docker_engine import starting
from deploys.questions.docker import DockerSystem
from deploys.settings.docker import Docker

DEBIAN_12 = DockerSystem(distribution="debian", codename="bookworm", uid=0, apt="/usr/bin/apt-get")
DEBIAN_13 = DockerSystem(distribution="debian", codename="trixie", uid=0, apt="/usr/bin/apt-get")
UBUNTU_22 = DockerSystem(distribution="ubuntu", codename="jammy", uid=0, apt="/usr/bin/apt-get")
UBUNTU_24 = DockerSystem(distribution="ubuntu", codename="noble", uid=0, apt="/usr/bin/apt-get")

# Candidates as `apt-cache policy` gave them on each release.
BOOKWORM = {"docker-compose": "1.29.2-3"}
TRIXIE = {"docker-cli": "26.1.5+dfsg1-9+b4", "docker-compose": "2.26.1-4"}
JAMMY = {"docker-compose": "1.29.2-1", "docker-compose-v2": "2.37.1+ds1-0ubuntu2~22.04.1"}
NOBLE = {"docker-compose": "1.29.2-6ubuntu1", "docker-compose-v2": "2.37.1+ds1-0ubuntu2~24.04.1"}
DOCKER_REPOSITORY = {**BOOKWORM, "docker-compose-plugin": "2.39.1-1~debian.12~bookworm"}


@pytest.mark.parametrize(
    ("system", "candidates", "packages"),
    [
        (DEBIAN_12, BOOKWORM, ("docker.io", "iptables")),
        (DEBIAN_13, TRIXIE, ("docker.io", "iptables", "docker-cli")),
        (UBUNTU_22, JAMMY, ("docker.io", "iptables")),
        (UBUNTU_24, NOBLE, ("docker.io", "iptables")),
    ],
)
def test_a_bare_host_gets_the_daemon_and_a_client(
    system: DockerSystem, candidates: dict[str, str], packages: tuple[str, ...]
) -> None:
    assert choice.engine_packages(system, candidates) == packages


@pytest.mark.parametrize(
    ("candidates", "package"),
    [
        (BOOKWORM, None),
        (TRIXIE, "docker-compose"),
        (JAMMY, "docker-compose-v2"),
        (NOBLE, "docker-compose-v2"),
        (DOCKER_REPOSITORY, "docker-compose-plugin"),
        ({"docker-compose": "2:2.40.3-1"}, "docker-compose"),
        ({}, None),
    ],
)
def test_compose_comes_from_the_first_package_that_is_version_2(
    candidates: dict[str, str], package: str | None
) -> None:
    assert choice.compose_package(candidates) == package


def test_only_debian_12_takes_compose_from_the_next_release() -> None:
    assert choice.needs_next_release(DEBIAN_12, BOOKWORM)
    assert not choice.needs_next_release(DEBIAN_12, DOCKER_REPOSITORY)
    assert not choice.needs_next_release(DEBIAN_13, TRIXIE)
    assert not choice.needs_next_release(UBUNTU_22, {})


def test_the_pin_lets_nothing_but_compose_in() -> None:
    source, pin = choice.next_release_source("http://mirror.example/debian")
    assert "URIs: http://mirror.example/debian\nSuites: trixie\n" in source
    everything, compose = pin.split("\n\n")
    assert "Package: *\nPin: release n=trixie\nPin-Priority: -1" in everything
    assert compose.startswith("Package: docker-compose\nPin: release n=trixie\nPin-Priority: 990")


def test_a_static_client_without_a_daemon_still_needs_the_daemon() -> None:
    system = DockerSystem(**{**vars(DEBIAN_12), "client": "/usr/local/bin/docker"})
    assert choice.engine_packages(system, BOOKWORM) == ("docker.io", "iptables")


def test_a_daemon_without_a_client_gets_one() -> None:
    debian_12 = DockerSystem(**{**vars(DEBIAN_12), "daemon": "/usr/sbin/dockerd"})
    debian_13 = DockerSystem(**{**vars(DEBIAN_13), "daemon": "/usr/sbin/dockerd"})
    assert choice.engine_packages(debian_12, BOOKWORM) == ("docker.io",)
    assert choice.engine_packages(debian_13, TRIXIE) == ("docker-cli",)


def test_a_complete_host_needs_nothing_and_no_root() -> None:
    system = DockerSystem(uid=1000, client="/usr/bin/docker", engine="20.10.24", compose="2.26.1-4")
    assert choice.is_complete(system)
    assert choice.engine_packages(system, TRIXIE) == ()


@pytest.mark.parametrize("version", ["", "1.29.2", "unknown"])
def test_compose_before_version_2_counts_as_missing(version: str) -> None:
    system = DockerSystem(client="/usr/bin/docker", engine="20.10.24", compose=version)
    assert not choice.is_complete(system)


def test_missing_docker_without_root_or_sudo_is_refused_with_a_way_out() -> None:
    refusal = choice.refusal_to_install(DockerSystem(**{**vars(DEBIAN_12), "uid": 1000}))
    assert refusal is not None
    assert refusal.error == "Docker is missing, and installing it needs root"
    assert "sudo" in refusal.hint


def test_missing_compose_alone_is_named_as_such() -> None:
    system = DockerSystem(
        **{**vars(DEBIAN_12), "uid": 1000, "engine": "20.10.24", "client": "/usr/bin/docker"}
    )
    refusal = choice.refusal_to_install(system)
    assert refusal is not None
    assert refusal.error.startswith("Docker Compose v2 is missing")


@pytest.mark.parametrize("distribution", ["fedora", "alpine", ""])
def test_a_distribution_without_apt_is_refused(distribution: str) -> None:
    refusal = choice.refusal_to_install(DockerSystem(distribution=distribution, uid=0))
    assert refusal is not None
    assert "Debian 12/13 or Ubuntu 22.04/24.04" in refusal.hint


def test_a_user_outside_the_docker_group_is_told_so() -> None:
    refusal = choice.refusal_to_use(DockerSystem(engine_error="permission denied while trying"))
    assert "no permission on its socket" in refusal.error
    assert refusal.hint.startswith("add the user to the docker group")


def test_a_daemon_that_answers_nonsense_is_quoted() -> None:
    error = "client version 1.52 is too new. Maximum supported API version is 1.41"
    assert error in choice.refusal_to_use(DockerSystem(engine_error=error)).error


def test_systemd_starts_docker_where_it_runs_and_the_daemon_itself_elsewhere() -> None:
    with_systemd = DockerSystem(**{**vars(DEBIAN_13), "systemd": True})
    assert str(next(starting(with_systemd))) == "systemctl enable --now docker.service"
    assert "setsid dockerd" in str(next(starting(DEBIAN_12)))


def test_a_user_with_sudo_starts_docker_with_it() -> None:
    user = DockerSystem(**{**vars(DEBIAN_12), "uid": 1000, "sudo": "/usr/bin/sudo"})
    for system in (user, DockerSystem(**{**vars(user), "systemd": True})):
        assert next(starting(system)).connector_arguments == {"_sudo": True}
    assert next(starting(DEBIAN_12)).connector_arguments == {}


@pytest.mark.parametrize(
    ("installed", "pinned", "named"),
    [
        ("", "24.0.9", "24.0.9"),
        ("28.5.2", "24", "24"),
        ("20.10.24", None, "20.10.24"),
        ("", None, ""),
        ("20.10.24", "28.5.2", ""),
        ("28.5.2", None, ""),
        ("", "28", ""),
    ],
)
def test_an_engine_without_cdi_from_dockers_source_is_refused_on_a_host_with_gpus(
    installed: str, pinned: str | None, named: str
) -> None:
    words = {"source": "docker"} | ({"version": pinned} if pinned else {})
    refusal = choice.refusal_of_version(installed, Docker.model_validate(words))
    if not named:
        assert refusal is None
        return
    assert refusal is not None
    assert refusal.error.startswith(f"Docker Engine {named} has no CDI")
    assert 'set "version" in docker to 25 or later' in refusal.hint
