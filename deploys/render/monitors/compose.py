"""The Compose file of a role that watches, or is watched: one service after the other."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from deploys.plan.plan import HostPlan, Plan
from deploys.render.compose_project import project_values, service_hashes
from deploys.render.monitors.watcher import Watcher
from deploys.render.roles import Role
from deploys.render.templates import Render

Values = dict[str, object]


def role_values(plan: Plan, host: HostPlan, role: Role, watchers: Sequence[Watcher]) -> Values:
    """What the template fills in beside the services."""
    return {
        **project_values(plan, host, role),
        "role": role,
        "networks": sorted({network for one in watchers for network in one.networks}),
    }


def compose_text(values: Values, services: Sequence[Values], render: Render) -> str:
    """The text, with the hash of each service in its label."""

    def text(hashes: Mapping[str, str]) -> str:
        filled = [{**one, "config_sha256": hashes.get(str(one["name"]), "")} for one in services]
        return render("compose/watchers/compose.yaml.j2", {**values, "services": filled})

    return text(service_hashes(text({})))


def files_digest(files: Mapping[str, str], own: Sequence[str]) -> str:
    """Of what a container reads, below any of `own`; empty where that is nothing."""
    read = {path: text for path, text in files.items() if path.startswith(tuple(own))}
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest() if read else ""
