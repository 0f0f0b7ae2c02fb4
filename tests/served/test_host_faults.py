"""Hosts and what runs on them fail: what the user sees, and that the fleet goes on serving."""

import json
import re
import time
from datetime import datetime, timedelta

import httpx
import pytest

from tests.lab.host import text_file
from tests.lab.served import NAME, STORE, Served
from tests.lab.waiting import until
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

MORE_ANSWERS = 20
HOUR = timedelta(hours=1)
# What httpx says where a host is down, comes up, or goes while it is asked.
UNREACHABLE = re.compile(r"(Connect|Read|Write)(Error|Timeout)\(|RemoteProtocolError\(")
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
    until(
        lambda: _said(served) == "200",
        every_seconds=0.5,
        account=lambda: f"{_said(served)}\n{_gateways_account(served)}",
    )


def _said(served: Served) -> str:
    """What a client gets that asks once: a status, or why there is none."""
    try:
        return str(served.chat(timeout_seconds=5).status_code)
    except httpx.HTTPError as error:
        return repr(error)


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


def test_a_gateway_host_that_reboots_serves_again_by_itself(served: Served) -> None:
    # As nginx's image has it reloaded; Docker notes that it was stopped by hand.
    served.host("gate1").run("docker kill --signal HUP $(docker ps --quiet --filter name=nginx)")
    before = served.containers()
    with steady_load(served) as answers:
        served.host("gate1").reboot()
        _serves_by_itself(served)
        serves_since = time.monotonic()
        answers.wait_for_more(MORE_ANSWERS)
    # One gateway: while it is down clients reach nobody. They see that nobody is there, or that
    # their connection ended; no answer is wrong, and none fails once it serves again.
    assert [bad for bad in answers.bad if not UNREACHABLE.match(bad)] == []
    assert answers.begun_since(serves_since) == []
    after = served.containers()
    assert {name for name in before if after[name] != before[name]} == {"gate1/nginx"}
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
        answers_since = time.monotonic()
        answers.wait_for_more(MORE_ANSWERS)
    # No answer is lost. On its way up Docker writes the rules for published ports anew: meanwhile
    # the gateway's host refuses connections, which clients open again. That is over before Docker
    # answers.
    refused = [bad for bad in answers.bad if name == "gate1" and "Connection refused" in bad]
    assert answers.bad == refused
    assert answers.begun_since(answers_since) == []
    assert served.containers() == before
    assert served.findings() == []


def _noted(served: Served, name: str) -> datetime:
    """When the last run ended, as a host's audit log says."""
    line = served.host(name).run(f"tail --lines 1 {STORE}/audit.log")
    return datetime.fromisoformat(json.loads(line)["time"])


def test_a_clock_that_is_wrong_is_named_and_stops_nothing(served: Served) -> None:
    gpu1 = served.host("gpu1")
    gpu1.put({"/usr/local/bin/date": text_file(WRONG_CLOCK, 0o755)})
    try:
        said = served.homeport(f"verify {NAME}", expect=5)
        assert re.search(r"gpu1.*\n.*the clock is 3[56]\d\d s ahead", said), said
        assert "timedatectl set-ntp true" in said
        before = served.current()
        served.commit(gateway={"address": served.host("gate1").address, "first_byte_seconds": 613})
        served.apply()
        assert served.findings() == []
        # By its own clock, as the audit log says; nothing else goes by it.
        assert HOUR / 2 < _noted(served, "gpu1") - _noted(served, "gate1") < HOUR * 3 / 2
        assert served.current()["gate1"] != before["gate1"]
        served.homeport(f"rollback {NAME}")
        assert served.current() == before
        assert HOUR / 2 < _noted(served, "gpu1") - _noted(served, "gate1") < HOUR * 3 / 2
    finally:
        gpu1.run("rm /usr/local/bin/date")
