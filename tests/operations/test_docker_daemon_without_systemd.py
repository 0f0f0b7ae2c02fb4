"""daemon.json where systemd is not PID 1, and the kit itself runs a real Engine 26."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.questions.docker_daemon import PATH
from tests.lab.bare_host import FIRST_PROCESS, OPTIONS, BareHost, remove_bare_host
from tests.lab.images import image
from tests.lab.machine import docker

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "homeport-test-daemon-alone"
DEPLOY = "deploys/docker.py"


@pytest.fixture(scope="module")
def engine() -> Iterator[BareHost]:
    remove_bare_host(NAME)
    docker(
        "run", "--detach", "--init", "--name", NAME, *OPTIONS, "--volume=/var/lib/docker",
        "--entrypoint=sh", image("docker"), "-c", FIRST_PROCESS,
    )  # fmt: skip
    yield BareHost(NAME)
    remove_bare_host(NAME)


def _daemon(**words: object) -> tuple[str, str]:
    return "--data", "docker=" + json.dumps({"daemon": {"managed": True, **words}})


def _pid(engine: BareHost) -> str:
    return engine.run("cat /run/docker.pid")


def _changes(engine: BareHost, **words: object) -> int:
    totals = engine.deploy(DEPLOY, *_daemon(**words))["results"]["totals"]
    return int(totals["success"])


def test_a_host_whose_daemon_is_left_to_its_owner_gets_no_file(engine: BareHost) -> None:
    engine.deploy(DEPLOY)
    assert engine.run(f"ls {PATH} 2>/dev/null || true") == ""


def test_a_restart_ends_the_daemon_that_the_kit_started_and_no_container(engine: BareHost) -> None:
    engine.run("tar -c -h /usr/bin/sleep $(ldd /usr/bin/sleep | grep -o '/[^ ]*') 2>/dev/null "
               "| docker import - tiny && docker run --detach --name patient tiny "
               "/usr/bin/sleep infinity")  # fmt: skip
    started = "docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' patient"
    before, daemon = engine.run(started), _pid(engine)
    # The containers' user comes with it.
    assert _changes(engine) == 2
    assert engine.run("docker info --format '{{.LiveRestoreEnabled}}'") == "true"
    assert engine.run(started) == before
    assert _pid(engine) != daemon
    assert engine.run("cut -d ' ' -f 1 /run/homeport/dockerd.pid") == _pid(engine)
    assert _changes(engine) == 0


def test_a_reload_keeps_the_daemon(engine: BareHost) -> None:
    daemon = _pid(engine)
    assert _changes(engine, registry_mirrors=["https://mirror.example"]) == 1
    assert _pid(engine) == daemon


def test_a_daemon_that_somebody_else_started_is_not_restarted_and_named(
    engine: BareHost, tmp_path: Path
) -> None:
    engine.run("mv /run/homeport/dockerd.pid /run/mark")
    daemon = _pid(engine)
    said = engine.refusal(DEPLOY, *_daemon(log_files=7))
    assert "the daemon was started neither by systemd nor by the kit" in said
    assert _pid(engine) == daemon
    engine.run("mv /run/mark /run/homeport/dockerd.pid")
    assert _changes(engine, log_files=7) == 1
    assert _pid(engine) != daemon
