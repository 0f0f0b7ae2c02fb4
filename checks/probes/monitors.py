"""Asks the Prometheus of a host whom it reaches and which rules it has, inside its container."""

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.probes.host import run
from deploys.settings.inventory import InventoryHost

# https://prometheus.io/docs/prometheus/latest/querying/api/
_TARGETS = "http://127.0.0.1:9090/api/v1/targets?state=active"
_RULES = "http://127.0.0.1:9090/api/v1/rules"

# The longest that settings let it wait between two looks; right after an apply its last one may
# have fallen into the second in which a container was replaced.
SETTLE_SECONDS = 60
AGAIN_SECONDS = 5


@dataclass(frozen=True)
class Monitor:
    """What one Prometheus says of itself."""

    targets: Mapping[str, str]
    """Job, replica or host, and address -> why it is not reached; empty where it is."""
    alerts: int
    failing: Mapping[str, str]
    """Rule -> why it cannot be evaluated."""
    firing: tuple[tuple[str, str], ...]
    """Severity, and what is wrong in the alert's own words."""


def question(project: str) -> str:
    """sh: two lines of JSON, or nothing where none runs; the image has busybox's wget."""
    labels = (f"project={project}", "service=prometheus")
    filters = " ".join(
        f"--filter {shlex.quote(f'label=com.docker.compose.{label}')}" for label in labels
    )
    asks = f"wget -q -T 5 -O - '{_TARGETS}' && echo && wget -q -T 5 -O - '{_RULES}'"
    return (
        f"id=$(docker ps --quiet {filters} 2>/dev/null | head -n 1); "
        f'if [ -n "$id" ]; then docker exec "$id" sh -c {shlex.quote(asks)} 2>/dev/null; fi'
    )


def monitor(answer: str) -> Monitor | None:
    """None where it did not answer."""
    try:
        targets, rules = (json.loads(line)["data"] for line in answer.splitlines() if line)
    except (ValueError, KeyError, TypeError):
        return None
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    alerts = [rule for rule in found if rule["type"] == "alerting"]
    return Monitor(
        targets={_target(one): one["lastError"] for one in targets["activeTargets"]},
        alerts=len(alerts),
        failing={one["name"]: one["lastError"] for one in found if one.get("lastError")},
        firing=tuple(
            (alert["labels"].get("severity", ""), _words(one["name"], alert["annotations"]))
            for one in alerts
            for alert in one["alerts"]
            if alert["state"] == "firing"
        ),
    )


def _target(one: Mapping[str, Any]) -> str:
    """Several of one job may be on a host, and blackbox exporter's address is that of all."""
    labels = one["labels"]
    place = labels.get("replica") or labels["host"]
    return f"{labels['job']} of {place} at {labels['instance']}"


def _words(name: str, annotations: Mapping[str, str]) -> str:
    return f"{name}: {annotations.get('summary', '')}; {annotations.get('runbook', '')}"


def settled(host: InventoryHost, project: str, seen: Monitor | None) -> Monitor | None:
    """The same, asked again while something is not reached, until it had time to look again."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while seen is not None and any(seen.targets.values()) and time.monotonic() < deadline:
        time.sleep(AGAIN_SECONDS)
        seen = monitor(run(host, question(project)))
    return seen
