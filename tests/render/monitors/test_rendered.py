"""What is rendered for monitors follows from the plan: targets, containers, manifest, images."""

import re
from typing import Any

import pytest
import yaml

from deploys.cli.main import VERBS
from deploys.plan.plan import Plan
from deploys.render.image_tags import used_images
from deploys.render.monitors.reading import every_dashboard, every_rule
from tests.render.monitor_plans import (
    MONITOR,
    rendered,
    watched_alone,
    watched_fleet,
    with_cloud,
)

ALONE = "compose/alone/gateway1/"
FLEET = "compose/watched/"


def _targets(files: dict[str, str], folder: str) -> dict[str, list[str]]:
    document = yaml.safe_load(files[f"{folder}monitors/prometheus/prometheus.yaml"])
    return {
        job["job_name"]: [
            group["labels"].get("__param_target", group["targets"][0])
            for group in job["static_configs"]
        ]
        for job in document["scrape_configs"]
    }


def _services(text: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def test_a_monitor_of_its_own_asks_every_host_by_address() -> None:
    found = _targets(rendered(with_cloud(watched_fleet())), f"{FLEET}{MONITOR}/")
    assert found == {
        "engines": ["10.0.0.1:9001", "10.0.0.1:9002", "10.0.0.2:9001"],
        "gateways": ["10.0.0.5:9113"],
        "cloud": ["10.0.0.5:9113"],
        "certificates": ["10.0.0.5:8443"],
        "hosts": ["10.0.0.5:9100", "10.0.0.1:9100", "10.0.0.2:9100", "node-exporter:9100"],
        "gpus": ["10.0.0.2:9400"],
        "monitors": ["localhost:9090", "alertmanager:9093"],
    }


def test_a_monitor_on_the_only_host_asks_by_name_on_dockers_network() -> None:
    found = _targets(rendered(watched_alone()), ALONE)
    assert found == {
        "engines": ["chat-1:8080", "chat-2:8080"],
        "gateways": ["nginx:8082"],
        "hosts": ["node-exporter:9100"],
        "monitors": ["localhost:9090", "alertmanager:9093"],
    }


@pytest.mark.parametrize("plan", [watched_alone(), with_cloud(watched_fleet())])
def test_no_container_that_watches_has_more_rights_than_it_needs(plan: Plan) -> None:
    texts = [
        text
        for path, text in rendered(plan).items()
        if re.search("(monitors|exporters)/comp", path)
    ]
    services = [service for text in texts for service in _services(text).values()]
    assert services
    for service in services:
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert service["mem_limit"] == service["memswap_limit"]
        assert service["user"] in ("10001:10001", "65534:65534")
        assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & service.keys()
        own = [one["source"] for one in service.get("volumes", []) if not one["read_only"]]
        assert all(path.startswith("../../state/monitors/") for path in own)


def test_what_listens_listens_on_a_private_address() -> None:
    files = rendered(with_cloud(watched_fleet()))
    found = {
        (path.split("/")[2], name): service["ports"]
        for path, text in files.items()
        if re.search("(monitors|exporters)/compose", path)
        for name, service in _services(text).items()
        if "ports" in service
    }
    assert found == {
        ("gate1", "node-exporter"): ["10.0.0.5:9100:9100"],
        ("gpu1", "node-exporter"): ["10.0.0.1:9100:9100"],
        ("gpu2", "node-exporter"): ["10.0.0.2:9100:9100"],
        ("gpu2", "dcgm-exporter"): ["10.0.0.2:9400:9400"],
        (MONITOR, "prometheus"): ["127.0.0.1:9090:9090"],
        (MONITOR, "grafana"): ["10.0.0.9:3000:3000"],
    }


def test_what_is_reached_from_elsewhere_is_in_the_manifest() -> None:
    files = rendered(watched_fleet())
    watched = {
        host: yaml.safe_load(files[f"{FLEET}{host}/release.yaml"])["monitored"]
        for host in ("gate1", "gpu2", MONITOR)
    }
    assert watched == {
        "gate1": {"nginx": "10.0.0.5:9113", "node-exporter": "10.0.0.5:9100"},
        "gpu2": {"dcgm-exporter": "10.0.0.2:9400", "node-exporter": "10.0.0.2:9100"},
        MONITOR: {"grafana": "10.0.0.9:3000"},
    }


def test_other_files_are_another_container_and_only_that_one() -> None:
    """Grafana does not start anew for an objective, nor Prometheus for who is told."""

    def labels(**words: Any) -> dict[str, str]:  # noqa: ANN401 - of monitoring
        text = rendered(watched_fleet(**words))[f"{FLEET}{MONITOR}/monitors/compose.yaml"]
        return {
            name: service["labels"]["homeport.config-sha256"]
            for name, service in _services(text).items()
        }

    before = labels()
    objective = labels(objectives={"chat": {"errors_percent": 2.0}})
    told = labels(alerts={"webhook": "env:ALERT_URL", "repeat_hours": 1})
    assert {name for name in before if before[name] != objective[name]} == {"prometheus"}
    assert {name for name in before if before[name] != told[name]} == {"alertmanager"}


def test_secrets_are_named_and_never_written() -> None:
    files = rendered(watched_fleet())
    manifest = yaml.safe_load(files[f"{FLEET}{MONITOR}/release.yaml"])["monitors"]
    assert (manifest["password"], manifest["webhook"]) == ("env:GRAFANA_PASSWORD", "env:ALERT_URL")
    others = "".join(text for path, text in files.items() if not path.endswith("release.yaml"))
    assert not re.search("GRAFANA_PASSWORD\\b|ALERT_URL", others)
    assert "url_file: /srv/homeport/secrets/monitors/webhook" in others


def test_images_of_monitors_are_locked_like_all_others() -> None:
    assert set(used_images(watched_fleet())) >= {
        *("prometheus", "alertmanager", "blackbox", "grafana", "node_exporter", "dcgm_exporter")
    }
    assert not {"blackbox", "alertmanager", "dcgm_exporter"} & {
        *used_images(watched_fleet(tls=False, alerts=None)),
        *used_images(watched_alone()),
    } - {"alertmanager", "dcgm_exporter"}


def test_each_runbook_names_a_verb_that_there_is() -> None:
    for rules in every_rule().values():
        for one in rules.alerts:
            named = re.findall(r"`homeport ([a-z]+)", one.runbook)
            assert named, one.alert
            assert set(named) <= VERBS.keys(), one.alert


def test_names_of_alerts_and_panels_are_said_once() -> None:
    alerts = [one.alert for rules in every_rule().values() for one in rules.alerts]
    panels = [one.title for page in every_dashboard().values() for one in page.panels]
    assert len(alerts) == len(set(alerts))
    assert len(panels) == len(set(panels))
