"""Asks the Prometheus of a host whom it reaches and which rules it has, inside its container."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://prometheus.io/docs/prometheus/latest/querying/api/
_TARGETS = "http://127.0.0.1:9090/api/v1/targets?state=active"
_RULES = "http://127.0.0.1:9090/api/v1/rules"


@dataclass(frozen=True)
class Watching:
    """What one Prometheus says of itself."""

    targets: Mapping[str, str]
    """Job and address -> why it is not reached; empty where it is."""
    alerts: int
    failing: Mapping[str, str]
    """Rule -> why it cannot be evaluated."""
    firing: tuple[str, ...]
    """What is wrong, in the alerts' own words."""


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


def watching(answer: str) -> Watching | None:
    """None where it did not answer."""
    try:
        targets, rules = (json.loads(line)["data"] for line in answer.splitlines() if line)
    except (ValueError, KeyError, TypeError):
        return None
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    alerts = [rule for rule in found if rule["type"] == "alerting"]
    return Watching(
        targets={_target(one): one["lastError"] for one in targets["activeTargets"]},
        alerts=len(alerts),
        failing={one["name"]: one["lastError"] for one in found if one.get("lastError")},
        firing=tuple(
            f"{one['name']}: {alert['annotations'].get('summary', '')}"
            for one in alerts
            for alert in one["alerts"]
            if alert["state"] == "firing"
        ),
    )


def _target(one: Mapping[str, Any]) -> str:
    labels = one["labels"]
    return f"{labels['job']} of {labels.get('replica') or labels['host']}"
