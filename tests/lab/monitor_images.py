"""Images of monitors for the lab's registry: Debian's programs, and a double of Grafana."""

import json

from tests.lab.images import LABEL, image
from tests.lab.machine import docker

# Image -> what it starts with, before the arguments of its Compose file.
PROGRAMS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager",),
    "node_exporter": ("prometheus-node-exporter",),
    # As a first process it would hear no signal, and be killed after a minute.
    "grafana": ("tini", "--", "busybox", "httpd", "-f", "-p", "3000", "-h", "/www"),
}


def monitor_images() -> dict[str, str]:
    """Image -> its reference on this machine; built where missing."""
    base = image("monitors")
    found = {name: f"{base}-{name}" for name in PROGRAMS}
    for name, reference in found.items():
        text = f"FROM {base}\nENTRYPOINT {json.dumps(PROGRAMS[name])}\n"
        docker("build", "--label", f"{LABEL}={name}", "--tag", reference, "-", given=text.encode())
    return found
