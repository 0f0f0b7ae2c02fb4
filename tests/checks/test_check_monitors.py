"""The checks of monitors, each made to fail for its own reason."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from checks.probes import monitors as probe
from checks.probes.monitors import monitor, settled
from deploys.render.release_monitors import MonitorsRelease
from deploys.settings.inventory import InventoryHost
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment

REACHES = "prometheus reaches all that it watches"
RULES = "prometheus has every rule"
FIRES = "no alert fires"


def _target(job: str, address: str, **labels: str) -> dict[str, Any]:
    """As `prometheus` 2.42 answers, without what nobody reads."""
    return {"labels": {"job": job, "instance": address, **labels}, "lastError": ""}


TARGETS = {
    "activeTargets": [
        _target("engines", "chat-1:8080", replica="chat-1", host="gpu1"),
        _target("hosts", "10.0.0.1:9100", host="gpu1"),
        _target("monitors", "localhost:9090", host="localhost"),
        _target("monitors", "alertmanager:9093", host="localhost"),
    ]
}
ALERT: Mapping[str, Any] = {"type": "alerting", "name": "HostDown", "alerts": []}
RECORD: Mapping[str, Any] = {"type": "recording", "name": "homeport:pool_replicas"}


def _said(targets: object = TARGETS, *rules: Mapping[str, Any]) -> str:
    groups = [{"rules": [*(rules or (ALERT, RECORD))]}]
    answers = (targets, {"groups": groups})
    return "\n".join(json.dumps({"status": "success", "data": one}) for one in answers)


@pytest.fixture
def watched(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A host that watches one replica, one host and its own two monitors, with one alert."""
    monkeypatch.setattr(probe, "SETTLE_SECONDS", 0)
    monitors = MonitorsRelease(
        image="prometheus",
        folders=(),
        password="env:PASSWORD",
        prometheus="127.0.0.1:9090",
        targets=4,
        alerts=1,
    )
    deployment.commit(monitors=monitors)
    deployment.docker.prometheus = _said()
    return deployment


def test_a_prometheus_that_reaches_all_and_has_its_rules_passes(
    watched: Deployment, run_checks: RunChecks
) -> None:
    outcomes = run_checks("check_monitors.py")

    assert outcomes.keys() == {f"{name} localhost" for name in (REACHES, RULES, FIRES)}
    assert failed(outcomes) == set()


@pytest.mark.usefixtures("deployment")
def test_hosts_that_watch_nobody_are_not_asked(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_monitors.py", "check_nginx.py")

    assert {name.partition(" ")[0] for name in outcomes} == {"nginx"}


def _firing(severity: str) -> dict[str, Any]:
    words = {"summary": "gpu1 is gone", "runbook": "`homeport verify lab`"}
    return {"state": "firing", "labels": {"severity": severity}, "annotations": words}


def _lost(error: str) -> dict[str, Any]:
    first, *others = TARGETS["activeTargets"]
    return {"activeTargets": [{**first, "lastError": error}, *others]}


FAILING: dict[str, tuple[str, set[str], str]] = {
    "a lost target": (
        *(_said(_lost("connection refused")), {REACHES}),
        "engines of chat-1 at chat-1:8080: connection refused",
    ),
    "a missing target": (
        *(_said({"activeTargets": TARGETS["activeTargets"][:3]}), {REACHES}),
        "knows 3 targets instead of 4",
    ),
    "a missing alert": (_said(TARGETS, RECORD), {RULES}, "knows 0 alerts instead of 1"),
    "a rule that fails": (
        *(_said(TARGETS, {**ALERT, "lastError": "many-to-many"}), {RULES}),
        "HostDown: many-to-many",
    ),
    "an alert": (
        _said(
            TARGETS,
            {**ALERT, "alerts": [_firing("critical")]},
        ),
        {FIRES},
        "HostDown: gpu1 is gone; `homeport verify lab`",
    ),
    "no answer": ("", {REACHES, RULES, FIRES}, "Prometheus does not answer"),
}


@pytest.mark.parametrize(("said", "checks", "words"), FAILING.values(), ids=FAILING.keys())
def test_a_prometheus_with_a_fault_fails_the_check_of_it(
    said: str, checks: set[str], words: str, watched: Deployment, run_checks: RunChecks
) -> None:
    watched.docker.prometheus = said

    outcomes = run_checks("check_monitors.py")

    assert failed(outcomes) == checks
    assert words in messages(outcomes)


def test_an_alert_that_is_pending_does_not_fire() -> None:
    pending = {**ALERT, "alerts": [{"state": "pending", "annotations": {"summary": "soon"}}]}
    found = monitor(_said(TARGETS, pending))
    assert found is not None
    assert found.firing == ()


def test_an_alert_that_can_wait_is_a_note(watched: Deployment, run_checks: RunChecks) -> None:
    watched.docker.prometheus = _said(TARGETS, {**ALERT, "alerts": [_firing("warning")]})

    outcomes = run_checks("check_monitors.py")

    assert failed(outcomes) == set()
    assert "HostDown: gpu1 is gone" in messages(outcomes)


def test_a_target_is_lost_only_when_it_still_is_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([_said(_lost("connection refused")), _said()])
    monkeypatch.setattr(probe, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(probe, "run", lambda *_: next(answers))
    host = InventoryHost("gpu1", "gpu1", (), {})
    found = settled(host, "homeport-lab-monitors", monitor(_said(_lost("connection refused"))))
    assert found is not None
    assert not any(found.targets.values())
    assert list(answers) == []
