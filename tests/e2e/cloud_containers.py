"""The egress hop and the fake cloud as containers: what they load, and how they are started."""

import os
import time
from pathlib import Path
from typing import Any

from tests.e2e.gateway_lab import Lab, docker
from tests.e2e.gateway_tree import (
    GATEWAY_UID,
    KEY,
    SETTINGS,
    digests,
    place_secret,
    write_gateway,
)
from tests.lab.certificates import authority, server_certificate
from tests.lab.waiting import until
from tests.render import cloud_plans
from tests.render.cloud_plans import PROVIDER_MODEL
from tests.render.gateway_files import gateway_files

FAKE_CLOUD = Path(__file__).resolve().parents[1] / "lab" / "fake_cloud.py"
CLOUD_NAME = "api.acme.test"
# Leads to the same place, which has no certificate for it.
OTHER_NAME = "other.acme.test"
CLOUD_KEY = 'sk-"acme$\\1'
SESSION_HEADER = "X-Session-Id"
# A client without an arm, and one whose key nobody gave a name to.
SAFE_KEY = "sk-test-safe"
# Its tokens are counted, whoever answers: more than all tests take.
TIERS = {"counted": {"tokens_per_day": 10**9}}
CLIENTS = {**cloud_plans.CLIENTS, "demo": {**cloud_plans.CLIENTS["demo"], "tier": "counted"}}
NETWORKS = {
    "engines": ["--opt=com.docker.network.bridge.enable_ip_masquerade=false"],
    "egress": ["--internal"],
    "outside": [],
}


def write_cloud_tree(folder: Path, **changes: object) -> None:
    """Writes what gateway and egress hop load."""
    words: dict[str, Any] = {
        "authority_text": authority(folder).read_text(),
        "first_byte_seconds": 1,
        "open_classes": ("public",),
        # Of pool `chat`: nothing goes to a candidate that has no share.
        "pool_words": {"canary": {"candidate": "cloud", "session_header": SESSION_HEADER}},
        **changes,
    }
    # Engines that hang hold their places for long enough to see what becomes of the next request.
    gateway = {**SETTINGS, "first_byte_seconds": 4, "tiers": TIERS}
    plan = cloud_plans.cloud_plan(gateway=gateway, clients=CLIENTS, **words)
    write_gateway(folder, gateway_files(plan))


def write_secrets(folder: Path) -> None:
    """The clients' digests for the gateway, and the provider's key for the egress hop alone."""
    keys = {"demo": KEY, "safe": SAFE_KEY}
    place_secret(folder / "secrets" / "clients.map", digests(keys))
    place_secret(folder / "provider" / "provider.key", f"{CLOUD_KEY}\n")
    spent = folder / "spent"
    spent.mkdir()
    if os.geteuid() == 0:
        os.chown(spent, GATEWAY_UID, GATEWAY_UID)
    else:
        spent.chmod(0o777)


def start_egress(name: str, folder: Path, image: str) -> None:
    """The egress hop, as on a host: its key and its record are mounted nowhere else."""
    mounts = {
        "nginx": "gateway/current:ro", "provider": "secrets/egress:ro", "spent": "state/egress",
    }  # fmt: skip
    docker(
        "create", f"--name={name}-egress", f"--network={name}-egress", "--network-alias=egress",
        "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", f"--user={GATEWAY_UID}",
        "--security-opt=no-new-privileges",
        *(f"--volume={folder / source}:/srv/homeport/{path}" for source, path in mounts.items()),
        "--entrypoint=nginx", image, "-c", "/srv/homeport/gateway/current/egress/nginx.conf",
        "-g", "daemon off;",
    )  # fmt: skip
    docker("network", "connect", f"{name}-outside", f"{name}-egress")
    docker("start", f"{name}-egress")


def start_cloud(name: str, folder: Path, image: str) -> None:
    """The cloud under its name, which only the network outside knows."""
    certificate, key = server_certificate(folder, CLOUD_NAME, ("127.0.0.1",))
    key.chmod(0o644)
    arguments = ["/tls.crt", "/tls.key", f"{CLOUD_NAME},{OTHER_NAME}", CLOUD_KEY, PROVIDER_MODEL]
    docker(
        "run", "--detach", f"--name={name}-cloud", f"--network={name}-outside",
        f"--network-alias={CLOUD_NAME}", f"--network-alias={OTHER_NAME}",
        "--publish=127.0.0.1::8090", "--volume=/usr:/usr:ro",
        f"--volume={FAKE_CLOUD}:/fake_cloud.py:ro", f"--volume={certificate}:/tls.crt:ro",
        f"--volume={key}:/tls.key:ro", "--user=10001", "--read-only",
        "--entrypoint=/usr/bin/python3", image, "/fake_cloud.py", *arguments,
    )  # fmt: skip


def wait_for_egress(lab: Lab) -> None:
    """Until the gateway finds the egress hop under the address that it has now."""
    ask = ("exec", lab.container("nginx"), "curl", "--silent", "--max-time", "2")
    until(
        lambda: "ok" in docker(*ask, "http://egress:8080/healthz", expect=None),
        every_seconds=0.1,
        account=lambda: docker("logs", lab.container("egress"), expect=None),
    )
    # The gateway's own nginx asks for the address every two seconds.
    time.sleep(2.2)
