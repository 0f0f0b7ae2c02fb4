"""Monitors on one host of the lab: an apply brings them, and a real Prometheus watches the fleet.

Prometheus, Alertmanager and node exporter are Debian's. Grafana is in no package source: a double
that answers its health check alone stands in its container, with its files.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.lab.host import LabHost
from tests.lab.monitor_images import monitor_images
from tests.lab.network import address
from tests.lab.served import MONITOR, NAME, STORE, Served, pushed_images
from tests.lab.waiting import until
from tests.operations.store_lab import OUTSIDE_NUMBER
from tests.served.webhook import Webhook, webhook

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

PASSWORD = "correct-horse"
TOKEN = "/hooks/T0-B0"
WATCH: Mapping[str, object] = {
    "grafana_password": "file:.homeport/grafana.password",
    "alerts": {"webhook": "file:.homeport/webhook"},
    "scrape_seconds": 5,
}
TARGETS = {
    *("engines of chat-1", "engines of chat-2", "gateways of gate1"),
    *("hosts of gate1", "hosts of gpu1", "hosts of gpu2"),
}
WATCHERS = {
    *("gate1/node-exporter", "gpu1/node-exporter", "gpu2/node-exporter"),
    *("gpu1/alertmanager", "gpu1/grafana", "gpu1/prometheus"),
}
# When the record of Prometheus begins.
FIRST_POINT = "min(min_over_time(timestamp(up)[1h:5s]))"


@pytest.fixture(scope="module")
def images(served_lab: Served) -> dict[str, str]:
    """All that the watched fleet runs, by digest in the lab's registry."""
    assert served_lab.lab.registry is not None
    return {**served_lab.images, **pushed_images(served_lab.lab.registry, images=monitor_images())}


@pytest.fixture(scope="module")
def told(served_lab: Served) -> Iterator[Webhook]:
    """Outside the fleet, on the lab's network."""
    with webhook(address(served_lab.lab.name, OUTSIDE_NUMBER), TOKEN) as found:
        yield found


@pytest.fixture(scope="module")
def watched(served_lab: Served, images: dict[str, str], told: Webhook) -> Iterator[Served]:
    """The served lab with monitors on gpu1; as it was before, afterwards."""
    for name, secret in {"grafana.password": PASSWORD, "webhook": told.url}.items():
        file = served_lab.checkout.path / ".homeport" / name
        file.touch(0o600)
        file.write_text(secret)
    _commit(served_lab, images, WATCH)
    try:
        served_lab.apply()
        yield served_lab
    finally:
        served_lab.put_back()


def _commit(served: Served, images: Mapping[str, str], watch: Mapping[str, object]) -> None:
    used = {name: {"reference": reference} for name, reference in images.items()}
    served.commit(monitoring=watch, images=used)


def _inside(host: LabHost, service: str, command: str) -> str:
    found = f"docker ps --quiet --filter label=com.docker.compose.service={service}"
    return host.run(f"docker exec $({found}) {command}")


def _series(served: Served, query: str) -> list[dict[str, Any]]:
    """What the monitor's Prometheus says to an instant query."""
    url = f"http://127.0.0.1:9090/api/v1/query?{urlencode({'query': query})}"
    said = _inside(served.host(MONITOR), "prometheus", f"wget -q -O - '{url}'")
    found: list[dict[str, Any]] = json.loads(said)["data"]["result"]
    return found


def _number(served: Served, query: str) -> float:
    """Of the one series that a query has; 0 without one."""
    return sum(float(one["value"][1]) for one in _series(served, query))


def _targets(served: Served) -> dict[str, str]:
    """Job and replica, or host -> `1` where it is up."""
    return {
        f"{one['metric']['job']} of {one['metric'].get('replica', one['metric']['host'])}": str(
            one["value"][1]
        )
        for one in _series(served, 'up{job!="monitors"}')
    }


def test_prometheus_reaches_every_engine_gateway_and_host(watched: Served) -> None:
    wanted = dict.fromkeys(TARGETS, "1")
    until(lambda: _targets(watched) == wanted, account=lambda: _targets(watched))


def test_the_checks_find_the_watched_fleet_well(watched: Served) -> None:
    """Monitors, their containers' rights, and no drift."""
    files = " ".join(f"checks/check_{name}.py" for name in ("monitors", "hosts", "drift"))
    watched.checkout.run(f".venv/bin/pytest {files} --environment={NAME}")


def test_what_the_gateway_answers_is_counted_on_the_monitor(watched: Served) -> None:
    query = 'sum(homeport_gateway_requests_total{pool="chat",status="200",host="gate1"})'
    before = _number(watched, query)
    assert watched.chat().status_code == 200
    until(lambda: _number(watched, query) > before)


def test_a_replica_that_is_gone_is_an_alert_until_it_is_back(watched: Served) -> None:
    alert = 'ALERTS{alertname="ReplicaDown",pool="chat",replica="chat-2",host="gpu2"}'
    gpu2 = watched.host("gpu2")
    engine = gpu2.run("docker ps --quiet --filter label=homeport.pool")
    gpu2.run(f"docker stop --time 1 {engine}")
    try:
        until(lambda: _series(watched, alert))
    finally:
        gpu2.run(f"docker start {engine}")
    until(lambda: not _series(watched, alert))
    assert _targets(watched)["engines of chat-2"] == "1"


def test_an_alert_reaches_the_webhook_of_the_secret(watched: Served, told: Webhook) -> None:
    """By hand: those of rules last minutes. Alertmanager waits half a minute for more of a kind."""
    alert = json.dumps([{"labels": {"alertname": "ByHand", "pool": "chat"}}])
    post = f"--header 'Content-Type: application/json' --post-data '{alert}'"
    url = "http://127.0.0.1:9093/api/v2/alerts"
    _inside(watched.host(MONITOR), "alertmanager", f"wget -q -O - {post} {url}")

    def came() -> list[dict[str, Any]]:
        return [one for one in told.told if one["commonLabels"]["alertname"] == "ByHand"]

    (first, *_) = until(came, account=lambda: told)
    assert (first["path"], first["receiver"], first["status"]) == (TOKEN, "operators", "firing")


def test_grafana_is_given_its_password_and_every_page(watched: Served) -> None:
    monitor = watched.host(MONITOR)
    shown = _inside(
        monitor,
        "grafana",
        "sh -c 'cat $GF_SECURITY_ADMIN_PASSWORD__FILE; ls $GF_PATHS_PROVISIONING/*'",
    )
    words = shown.split()
    assert words[0] == PASSWORD
    assert {"homeport.yaml", "prometheus.yaml", "hosts.json", "pools.json"} <= {*words}
    modes = monitor.run(f"stat --format '%a %u' {STORE}/secrets/monitors/*")
    assert {*modes.splitlines()} == {"600 10001"}


def test_another_objective_replaces_prometheus_alone_which_keeps_its_record(
    watched: Served, images: dict[str, str]
) -> None:
    before = watched.containers()
    began = _number(watched, FIRST_POINT)
    _commit(watched, images, {**WATCH, "objectives": {"chat": {"first_byte_seconds": 2.5}}})
    watched.apply()
    after = watched.containers()
    assert {name for name in after if after[name] != before.get(name)} == {"gpu1/prometheus"}
    objective = 'homeport:pool_first_byte_objective_seconds{pool="chat"}'
    until(lambda: _number(watched, objective) == 2.5)
    assert 0 < _number(watched, FIRST_POINT) <= began


def test_monitors_that_nobody_wants_any_more_are_gone(watched: Served) -> None:
    assert watched.containers().keys() >= WATCHERS
    watched.put_back()
    assert not watched.containers().keys() & WATCHERS
    assert watched.chat().status_code == 200
