"""Which version of a package is the wanted one."""

import pytest

from deploys.operations.docker_choice import Refusal, docker_packages
from deploys.operations.docker_repository import conflict, source
from deploys.operations.package_choice import chosen, fits, missing_holds, source_text
from deploys.questions.docker import DockerSystem
from deploys.questions.packages import Package
from deploys.settings.docker import Docker

# Versions as Docker's package source and NVIDIA's write them.
DOCKER = "5:28.5.2-1~debian.12~bookworm"


@pytest.mark.parametrize(
    ("version", "wanted_version", "is_it"),
    [
        (DOCKER, "28.5.2", True),
        (DOCKER, "28", True),
        (DOCKER, DOCKER, True),
        (DOCKER, "5:28.5.2", True),
        (DOCKER, None, True),
        (DOCKER, "28.5", True),
        (DOCKER, "8.5.2", False),
        (DOCKER, "28.5.20", False),
        ("5:28.5.20-1~debian.12~bookworm", "28.5.2", False),
        ("1.20.0-1", "1.20.0", True),
        ("1.20.0~rc.1-1", "1.20.0", False),
        ("580.95.05-0ubuntu1", "580", True),
        ("5800.1-1", "580", False),
        ("", "580", False),
        ("", None, False),
    ],
)
def test_a_version_fits_what_it_begins_with(
    version: str, wanted_version: str | None, is_it: bool
) -> None:
    assert fits(version, wanted_version) is is_it


def test_the_candidate_is_taken_before_anything_newer() -> None:
    packages = {"a": Package(candidate="1.2-1", known=("1.3-1", "1.2-1"))}
    assert chosen({"a": None}, packages) == {"a": "1.2-1"}
    assert chosen({"a": "1.3"}, packages) == {"a": "1.3-1"}


def test_a_package_that_apt_does_not_know_is_refused() -> None:
    refusal = chosen({"docker-ce": "28.5.2"}, {})
    assert isinstance(refusal, Refusal)
    assert refusal.error == "apt knows no package docker-ce"


def test_only_what_is_installed_can_lack_a_hold() -> None:
    packages = {"a": Package(installed="1", held=True), "b": Package(installed="1")}
    assert missing_holds({"a": None, "b": None, "c": None}, packages) == ("b",)


@pytest.mark.parametrize(
    ("distribution", "codename"),
    [("debian", "bookworm"), ("debian", "trixie"), ("ubuntu", "jammy"), ("ubuntu", "noble")],
)
def test_dockers_source_is_that_of_the_distribution(distribution: str, codename: str) -> None:
    text = source_text(source(DockerSystem(distribution=distribution, codename=codename), Docker()))
    assert f"URIs: https://download.docker.com/linux/{distribution}\n" in text
    assert f"Suites: {codename}\nComponents: stable\n" in text
    assert "Signed-By: /etc/apt/keyrings/homeport-docker.asc\n" in text


def test_engine_and_client_are_always_of_one_version() -> None:
    names = docker_packages(Docker(source="docker", version="28.5.2", compose_version="2.40.3"))
    assert names["docker-ce"] == names["docker-ce-cli"] == "28.5.2"
    assert names["containerd.io"] is None


def test_packages_of_the_distribution_that_are_in_the_way_are_named() -> None:
    # As Debian 13 installs them for the kit's own source `distribution`.
    there = {name: Package(installed="1") for name in ("docker.io", "docker-cli", "runc")}
    refusal = conflict({**there, "podman-docker": Package(candidate="1")})
    assert refusal is not None
    assert refusal.error.startswith("docker.io, docker-cli, runc: installed from")
    assert conflict({"docker.io": Package(candidate="1")}) is None
