"""`make demo-down` takes away what the demo started, and nothing else."""

import socket

import pytest

from tests.e2e.checkout import Checkout, containers, docker

pytestmark = [pytest.mark.docker, pytest.mark.root]


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_nothing_of_the_demo_is_left_running(changed: Checkout) -> None:
    docker("network", "create", "not-homeports")
    try:
        output = changed.run("make demo-down").stdout
        assert "nothing of it runs" in output
        assert containers() == {}
        assert not _listens(8080)
        assert not _listens(8081)
        assert not changed.directory.exists()
        networks = docker("network", "ls", "--format", "{{.Name}}").split()
        assert "homeport-local" not in networks
        assert "not-homeports" in networks
        changed.run("make demo-down")
    finally:
        docker("network", "rm", "not-homeports")
