"""A gateway's log as `homeport traffic` reads it from a real Docker."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.probes.gateway_log import access_log
from checks.probes.host import Unreachable
from checks.traffic.summary import Traffic
from deploys.settings.inventory import InventoryHost
from tests.e2e.gateway_lab import docker

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

LOG = Path(__file__).resolve().parents[1] / "checks" / "traffic" / "access.log"
HERE = InventoryHost("here", "@local", ("gateways",), {})


@pytest.fixture(scope="module")
def project(nginx_image: str) -> Iterator[str]:
    """A Compose project whose nginx wrote the log a moment ago, and an error beside it."""
    name = f"hpl-{os.getpid()}"
    labels = [f"--label=com.docker.compose.{word}" for word in (f"project={name}", "service=nginx")]
    docker(
        "run", f"--name={name}", *labels, f"--volume={LOG}:/access.log:ro", "--entrypoint=sh",
        nginx_image, "-c", "cat /access.log; echo '[error] upstream' >&2",
    )  # fmt: skip
    yield name
    docker("rm", "--force", name)


def test_all_of_the_access_log_comes_and_nothing_of_the_error_log(project: str) -> None:
    assert list(access_log(HERE, project, "3600s")) == LOG.read_text().splitlines(keepends=True)


def test_what_is_older_than_asked_for_does_not_come(project: str) -> None:
    docker("run", "--rm", "--entrypoint=sleep", image_of(project), "2")
    assert list(access_log(HERE, project, "1s")) == []


def test_the_log_is_summed_up_as_it_comes(project: str) -> None:
    found = Traffic()
    found.read(access_log(HERE, project, "3600s"), {})
    assert (found.all.requests, found.other_lines) == (27, 0)


def test_a_project_without_a_gateway_is_told(project: str) -> None:
    with pytest.raises(Unreachable, match="there is no gateway's container"):
        list(access_log(HERE, f"{project}-other", "60s"))


def image_of(container: str) -> str:
    """The image that a container was made of."""
    return docker("inspect", "--format={{.Image}}", container).strip()
