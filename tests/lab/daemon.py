"""A lab host's Docker daemon, set the way a test wants it; the kit's own bootstrap is not asked."""

import json
from typing import Any

from tests.lab.host import LabHost, text_file

SETTINGS = "/etc/docker/daemon.json"
# Off by default in Engine 26: https://docs.docker.com/reference/cli/dockerd/#feature-options
CDI: dict[str, Any] = {"features": {"cdi": True}}


def configure_daemon(host: LabHost, settings: dict[str, Any]) -> None:
    """Has Docker run with these settings beside those it has; restarted only when they change."""
    text = host.run(f"cat {SETTINGS} 2>/dev/null || echo '{{}}'")
    now: dict[str, Any] = json.loads(text)
    wanted = {**now, **settings}
    if wanted != now:
        host.put({SETTINGS: text_file(json.dumps(wanted, indent=2) + "\n")})
        host.run("systemctl restart docker.service")
