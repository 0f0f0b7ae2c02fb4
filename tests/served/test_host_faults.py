"""Hosts and what runs on them fail: what the user sees, and that the fleet goes on serving."""

import hashlib
import re
import time
from pathlib import Path

import httpx
import pytest
import yaml

from tests.lab.host import text_file
from tests.lab.served import NAME, STORE, Served
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

LONGEST_SECONDS = 90
# A container has the machine's own clock; what the kit asks for the time can be set on the host.
WRONG_CLOCK = '#!/bin/sh\nexec /usr/bin/date --date "$(/usr/bin/date +%FT%T) 1 hour" "$@"\n'


def _gateways_account(served: Served) -> str:
    """Its containers and the end of their logs."""
    look = (
        "docker ps --all; for c in $(docker ps --all --quiet); do docker logs --tail 15 $c 2>&1; "
        "docker inspect --format '{{json .State}}' $c; done; journalctl -n 20 --unit docker"
    )
    return served.host("gate1").run(look, check=False)


def _serves_by_itself(served: Served) -> None:
    """Waits until a client gets an answer, without any command of the kit."""
    deadline = time.monotonic() + LONGEST_SECONDS
    said = ""
    while said != "200":
        assert time.monotonic() < deadline, f"{said}\n{_gateways_account(served)}"
        try:
            said = str(served.chat(timeout_seconds=5).status_code)
        except httpx.HTTPError as error:
            said = repr(error)
        time.sleep(0.5)


def test_a_host_that_is_down_from_the_start_is_4_and_no_other_is_touched(served: Served) -> None:
    served.commit(gateway={"address": served.host("gate1").address, "first_byte_seconds": 611})
    before, current = served.containers(), served.current()
    served.host("gpu2").stop()
    try:
        said = served.apply(expect=4)
        assert re.search(r"error: \[gpu2\] .*onnect", said), said
        assert "exec -- true` tries the connection" in said
        up = {name: state for name, state in before.items() if not name.startswith("gpu2/")}
        assert _of_others(served, "gpu2") == up
        assert served.host("gate1").run(f"readlink {STORE}/current").endswith(current["gate1"])
        assert served.chat().status_code == 200
        lost = served.homeport(f"drift {NAME}", expect=4)
        assert "error: gpu2 is unreachable" in lost
    finally:
        served.host("gpu2").start()
    served.apply()
    assert served.findings() == []


def _of_others(served: Served, down: str) -> dict[str, str]:
    hosts = tuple(host for host in served.lab.hosts if host.name != down)
    lab = type(served.lab)(served.lab.name, hosts, served.lab.registry)
    return Served(lab, served.checkout, served.images).containers()


def test_an_invalid_gateway_configuration_is_refused_on_the_host_and_never_loaded(
    served: Served,
) -> None:
    before, current = served.containers(), served.current()
    _commit_broken_nginx(served.checkout.path)
    deploy = ".venv/bin/pyinfra -y inventories/served.py deploys/site.py"
    with steady_load(served) as answers:
        done = served.checkout.run(deploy, expect=1, PYINFRA_PROGRESS="off")
    said = done.stdout + done.stderr
    assert "unknown directive" in said
    assert "not_a_directive" in said
    assert served.current()["gate1"] == current["gate1"]
    assert served.containers() == before
    assert served.locked() == []
    assert answers.bad == []
    # `homeport apply` does not come that far: the file is not what render writes.
    assert "is stale: not what render writes" in served.apply(expect=7)
    served.commit()
    served.apply()
    assert served.findings() == []


def _commit_broken_nginx(root: Path) -> None:
    """Commits a broken file as a release of its own, as a faulty renderer would."""
    file = root / "nginx" / NAME / "gate1" / "nginx.conf"
    file.write_text(file.read_text() + "\nnot_a_directive on;\n")
    manifest = root / "compose" / NAME / "gate1" / "release.yaml"
    release = yaml.safe_load(manifest.read_text())
    release["files"]["nginx/nginx.conf"] = hashlib.sha256(file.read_bytes()).hexdigest()
    release["release"] = "badbadbadbad"
    manifest.write_text(yaml.safe_dump(release))


def test_a_gateway_host_that_reboots_serves_again_by_itself(served: Served) -> None:
    # As nginx's image has it reloaded; Docker notes that it was stopped by hand.
    served.host("gate1").run("docker kill --signal HUP $(docker ps --quiet --filter name=nginx)")
    served.host("gate1").reboot()
    _serves_by_itself(served)
    assert served.findings() == []


def test_a_gpu_host_that_loses_its_power_is_served_around_and_comes_back(served: Served) -> None:
    gpu1 = served.host("gpu1")
    with steady_load(served) as answers:
        gpu1.pull_the_plug()
        time.sleep(5)
    # Requests that were inside the engine are lost with it; all others go to the other replica.
    assert len(answers.bad) <= 3, answers.bad
    assert answers.good > len(answers.bad)
    gpu1.start()
    _serves_by_itself(served)
    assert "nothing had to change" in served.apply()
    assert served.findings() == []


@pytest.mark.parametrize("name", ["gpu1", "gate1"])
def test_a_docker_daemon_that_restarts_leaves_the_containers_running(
    served: Served, name: str
) -> None:
    before = served.containers()
    with steady_load(served) as answers:
        served.host(name).run("systemctl restart docker.service")
        assert served.host(name).run("docker version --format '{{.Server.Version}}'")
    # No answer is lost. On its way up Docker writes the rules for published ports anew: meanwhile
    # the gateway's host refuses connections, which clients open again.
    refused = [bad for bad in answers.bad if name == "gate1" and "Connection refused" in bad]
    assert answers.bad == refused
    assert answers.good > 0
    assert served.containers() == before
    assert served.findings() == []


def test_a_clock_that_is_wrong_is_named_and_stops_nothing(served: Served) -> None:
    gpu1 = served.host("gpu1")
    gpu1.put({"/usr/local/bin/date": text_file(WRONG_CLOCK, 0o755)})
    try:
        said = served.homeport(f"verify {NAME}", expect=5)
        assert re.search(r"gpu1.*\n.*the clock is 3[56]\d\d s ahead", said), said
        assert "timedatectl set-ntp true" in said
        served.commit(gateway={"address": served.host("gate1").address, "first_byte_seconds": 613})
        served.apply()
        assert served.findings() == []
    finally:
        gpu1.run("rm /usr/local/bin/date")
