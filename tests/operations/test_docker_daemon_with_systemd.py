"""daemon.json on a host with systemd and a real Engine 26: about a minute.

The tests build on each other. Containers of the host's own daemon must outlive what happens to it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.operations.host_script import SCRIPTS
from deploys.questions.docker_daemon import PATH, PENDING
from tests.lab.bare_host import OPTIONS, BareHost, remove_bare_host
from tests.lab.images import image
from tests.lab.machine import docker

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "homeport-test-daemon"
DEPLOY = """
from pyinfra import host
from deploys.operations import docker_daemon
from deploys.operations.host_words import docker_words
daemon = docker_words(host).daemon
docker_daemon.configured(name="Set up", daemon=daemon)
if daemon.registry_authorities:
    docker_daemon.trusted(name="Trust", authorities=daemon.registry_authorities)
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[BareHost]:
    remove_bare_host(NAME)
    docker(
        "run", "--detach", "--name", NAME, "--hostname", NAME, *OPTIONS, "--volume=/var/lib/docker",
        image("docker"),
    )  # fmt: skip
    host = BareHost(NAME)
    host.run("for _ in $(seq 60); do docker version >/dev/null 2>&1 && exit; sleep 1; done; exit 1")
    # The smallest image there is: one program and its libraries.
    host.run("tar -c -h /usr/bin/sleep $(ldd /usr/bin/sleep | grep -o '/[^ ]*') 2>/dev/null "
             "| docker import - tiny")  # fmt: skip
    host.run("docker run --detach --name patient tiny /usr/bin/sleep infinity")
    yield host
    remove_bare_host(NAME)


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.py"
    path.write_text(DEPLOY)
    return path


def _daemon(**words: object) -> tuple[str, str]:
    return "--data", "docker=" + json.dumps({"daemon": words})


def _info(engine: BareHost, field: str) -> str:
    return engine.run(f"docker info --format '{{{{{field}}}}}'")


def _dockerd(engine: BareHost) -> str:
    return engine.run("cat /run/docker.pid")


def _patient(engine: BareHost) -> str:
    return engine.run("docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' patient")


def test_a_host_without_the_file_gets_one_and_its_containers_outlive_the_restart(
    engine: BareHost, deploy: Path
) -> None:
    before, daemon = _patient(engine), _dockerd(engine)
    assert _changes(engine, deploy) == 1
    assert _info(engine, ".LiveRestoreEnabled") == "true"
    assert "cdi" in engine.run(f"cat {PATH}")
    assert _dockerd(engine) != daemon
    assert _patient(engine) == before
    engine.run("docker run --detach --name limited tiny /usr/bin/sleep infinity")
    limits = engine.run("docker inspect --format '{{json .HostConfig.LogConfig.Config}}' limited")
    assert json.loads(limits) == {"max-size": "50m", "max-file": "3"}


def test_a_second_run_changes_nothing_and_restarts_nothing(engine: BareHost, deploy: Path) -> None:
    daemon = _dockerd(engine)
    assert _changes(engine, deploy) == 0
    assert _dockerd(engine) == daemon


def test_mirrors_are_taken_in_by_a_reload(engine: BareHost, deploy: Path) -> None:
    daemon = _dockerd(engine)
    mirrors = ["https://mirror.example"]
    assert _changes(engine, deploy, registry_mirrors=mirrors) == 1
    assert "https://mirror.example/" in _info(engine, ".RegistryConfig.Mirrors")
    assert _dockerd(engine) == daemon
    assert _changes(engine, deploy, registry_mirrors=mirrors) == 0


def test_what_somebody_else_wrote_there_stays(engine: BareHost, deploy: Path) -> None:
    there = json.loads(engine.run(f"cat {PATH}"))
    theirs = {**there, "max-concurrent-downloads": 7, "log-opts": {"labels": "x"}}
    engine.run(f"cat >{PATH} <<'EOF'\n{json.dumps(theirs)}\nEOF\nchmod 600 {PATH}")
    assert _changes(engine, deploy, log_files=5) == 1
    now = json.loads(engine.run(f"cat {PATH}"))
    assert now["max-concurrent-downloads"] == 7
    assert now["log-opts"] == {"labels": "x", "max-size": "50m", "max-file": "5"}
    assert now["registry-mirrors"] == ["https://mirror.example"]
    assert engine.run(f"stat --format %a {PATH}") == "600"


def test_a_file_that_is_no_json_is_refused_with_its_line_and_left_alone(
    engine: BareHost, deploy: Path
) -> None:
    good = engine.run(f"cat {PATH}")
    engine.run(f'printf \'{{\\n  "debug": true\\n  "dns": []\\n}}\\n\' >{PATH}')
    said = engine.refusal(deploy, *_daemon())
    assert f"error: {PATH}: line 3, column 3: Expecting ',' delimiter" in said
    assert '"dns": []' in said
    engine.run(f"cat >{PATH} <<'EOF'\n{good}\nEOF")


def test_what_this_dockerd_refuses_never_becomes_the_live_file(
    engine: BareHost, deploy: Path
) -> None:
    good, daemon = engine.run(f"cat {PATH}"), _dockerd(engine)
    odd = json.dumps({**json.loads(good), "no-such-key": 1})
    engine.run(f"cat >{PATH} <<'EOF'\n{odd}\nEOF")
    said = engine.refusal(deploy, *_daemon(log_files=9))
    assert "error: dockerd refuses what /etc/docker/daemon.json would say" in said
    assert "no-such-key" in said
    assert engine.run(f"cat {PATH}") == odd
    assert _dockerd(engine) == daemon
    assert engine.run("ls /etc/docker") == "daemon.json\ndaemon.json.homeport-old"
    engine.run(f"cat >{PATH} <<'EOF'\n{good}\nEOF")


def test_a_daemon_that_does_not_start_with_the_new_file_gets_the_old_one_again(
    engine: BareHost,
) -> None:
    good, before = engine.run(f"cat {PATH}"), _patient(engine)
    bad = json.dumps({**json.loads(good), "storage-driver": "nonsense"}, indent=2)
    script = (SCRIPTS / "set-daemon-json").read_text()
    said = engine.run(
        f"digest=$(sha256sum <{PATH} | cut -d ' ' -f 1)\n"
        f"cat >/tmp/script <<'SCRIPT'\n{script}\nSCRIPT\n"
        f"bash /tmp/script {PATH} {PENDING} $digest restart '' '' <<'EOF' 2>&1\n{bad}\nEOF\n",
        check=False,
    )
    assert "did not come up with the new /etc/docker/daemon.json, and runs again with" in said
    assert engine.run(f"cat {PATH}") == good
    assert _info(engine, ".LiveRestoreEnabled") == "true"
    assert _patient(engine) == before


def test_a_run_that_was_cut_off_before_the_restart_is_finished_by_the_next(
    engine: BareHost, deploy: Path
) -> None:
    engine.run(f"sleep 1; echo restart >{PENDING}")
    daemon = _dockerd(engine)
    assert _changes(engine, deploy, log_files=5) == 1
    assert _dockerd(engine) != daemon
    assert _changes(engine, deploy, log_files=5) == 0


def test_the_authority_of_a_private_registry_is_trusted(engine: BareHost, deploy: Path) -> None:
    # Any text will do for the file; that Docker reads it there is Docker's own documentation.
    words = {"registry_authorities": {"registry.example:5000": "deploys/keys/docker.asc"}}
    assert _changes(engine, deploy, log_files=5, **words) == 1
    assert engine.run("ls /etc/docker/certs.d/registry.example:5000") == "ca.crt"
    assert _changes(engine, deploy, log_files=5, **words) == 0


def _changes(engine: BareHost, deploy: Path, **words: object) -> int:
    """How many operations changed something."""
    totals = engine.deploy(deploy, *_daemon(**words))["results"]["totals"]
    return int(totals["success"])
