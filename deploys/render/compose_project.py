"""What every Compose file has: names, and a hash of each service's definition."""

import hashlib
import json

from deploys.plan.plan import HostPlan, Plan
from deploys.settings.yaml_text import loaded


def project_name(environment: str, role: str) -> str:
    """The Compose project of a role: one per role, so that each is brought up on its own."""
    return f"homeport-{environment}-{role}"


def network_name(environment: str) -> str:
    """The Docker network on which a host's gateway and engines meet."""
    return f"homeport-{environment}"


def config_labels(text: str) -> dict[str, str]:
    """Service -> its label homeport.config-sha256 in a rendered Compose file; without stand-ins,
    which no deploy starts by themselves.
    """
    services = loaded(text)["services"]
    return {
        name: service["labels"]["homeport.config-sha256"]
        for name, service in services.items()
        if "profiles" not in service
    }


def service_hashes(text: str) -> dict[str, str]:
    """Service -> hash of its definition, without the label that will carry it.

    One per service, not per project: a project-wide hash would restart every engine for a change
    in one.
    """
    hashes = {}
    for name, service in loaded(text)["services"].items():
        labels = {
            key: value
            for key, value in service["labels"].items()
            if key != "homeport.config-sha256"
        }
        canonical = json.dumps({**service, "labels": labels}, sort_keys=True)
        hashes[name] = hashlib.sha256(canonical.encode()).hexdigest()
    return hashes


def project_values(plan: Plan, host: HostPlan, role: str) -> dict[str, object]:
    """What every template of a Compose file fills in."""
    return {
        "environment": plan.environment,
        "host": host.name,
        "project": project_name(plan.environment, role),
        "network": network_name(plan.environment),
    }
