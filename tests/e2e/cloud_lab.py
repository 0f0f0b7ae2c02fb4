"""A real gateway and a real egress hop between fake engines and a fake cloud.

Three networks, as on a host: engines and gateway, without a way out; gateway and egress hop, cut
off; and the one on which the egress hop alone meets the cloud.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.gateway_lab import (
    REPLICAS,
    Lab,
    docker,
    gateway_arguments,
    published,
    start_engine,
    wait_until_it_serves,
)
from tests.e2e.gateway_tree import GATEWAY_UID, KEY, SETTINGS, place_secret, write_gateway
from tests.lab.certificates import authority, server_certificate
from tests.render.cloud_plans import PROVIDER_MODEL, cloud_plan
from tests.render.gateway_files import gateway_files

FAKE_CLOUD = Path(__file__).resolve().parents[1] / "lab" / "fake_cloud.py"
CLOUD_NAME = "api.acme.test"
# Leads to the same place, which has no certificate for it.
OTHER_NAME = "other.acme.test"
CLOUD_KEY = 'sk-"acme$\\1'
# A client without an arm, and one whose key nobody gave a name to.
SAFE_KEY = "sk-test-safe"
PARTS = (*REPLICAS, "nginx", "egress", "cloud")
NETWORKS = {
    "engines": ["--opt=com.docker.network.bridge.enable_ip_masquerade=false"],
    "egress": ["--internal"],
    "outside": [],
}


@dataclass(frozen=True)
class CloudLab(Lab):
    """The running gateway, its engines, the egress hop and the cloud."""

    def safe(self, body: object = None, **headers: str) -> httpx.Response:
        """One chat completion of the client that must not leave."""
        return self.chat(body, {"Authorization": f"Bearer {SAFE_KEY}", **headers})

    def cloud(self, mode: str) -> None:
        """Lets the cloud behave in one way; forgets what it saw."""
        url = published(self.container("cloud"), 8090)
        httpx.post(f"{url}/mode", content=mode.encode(), timeout=5).raise_for_status()

    def left(self) -> list[dict[str, Any]]:
        """The requests that reached the cloud."""
        url = published(self.container("cloud"), 8090)
        found: list[dict[str, Any]] = httpx.get(f"{url}/seen", timeout=5).json()
        return found

    def hellos(self) -> list[str]:
        """The names that were asked for when somebody connected to the cloud."""
        url = published(self.container("cloud"), 8090)
        found: list[str] = httpx.get(f"{url}/hellos", timeout=5).json()
        return found

    def audit(self) -> list[dict[str, Any]]:
        """The egress hop's record of what left."""
        files = sorted((self.folder / "spent").glob("audit-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def ended(self, request_id: str) -> dict[str, Any]:
        """The record of how one request ended; written after its answer."""
        for _ in range(50):
            for line in self.audit():
                if line["request_id"] == request_id and line["event"] == "ended":
                    return line
            time.sleep(0.1)
        raise AssertionError(f"request {request_id} is not in the record: {self.audit()}")

    def spent(self) -> dict[str, Any]:
        """Where the caps stand, by name."""
        text = docker(
            *("exec", self.container("egress"), "curl", "--silent"), "http://127.0.0.1:8081/spent"
        )
        return {cap["name"]: cap for cap in json.loads(text)["caps"]}

    def recover(self) -> None:
        """Until every replica is asked again: one that has failed twice is left out for 5 s."""
        self.engines("answers")
        time.sleep(5.5)
        wait_until_it_serves(self)
        self.cloud("answers")

    def later(self) -> Callable[[], httpx.Response]:
        """A chat completion under way; the function waits for its answer."""
        found: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: found.append(self.chat()))
        thread.start()

        def answer() -> httpx.Response:
            thread.join()
            return found[0]

        return answer

    def wait_until_busy(self, requests: int) -> None:
        """Until so many requests have reached the engines."""
        for _ in range(100):
            if len(self.seen()) >= requests:
                return
            time.sleep(0.02)
        raise AssertionError(f"only {len(self.seen())} requests have reached the engines")

    def wait_until_it_left(self) -> None:
        """Until the cloud has seen a request."""
        for _ in range(100):
            if self.left():
                return
            time.sleep(0.05)
        raise AssertionError("nothing has reached the cloud")

    def restart_egress(self, **changes: object) -> None:
        """Kills the egress hop and starts it again, perhaps with other settings."""
        docker("kill", self.container("egress"))
        write_cloud_tree(self.folder, **changes)
        docker("start", self.container("egress"))
        wait_for_egress(self)

    def forget_spending(self) -> None:
        """As on the first day; the egress hop must be restarted after it."""
        for file in (self.folder / "spent").iterdir():
            file.unlink()


def write_cloud_tree(folder: Path, **changes: object) -> None:
    """Writes what gateway and egress hop load."""
    words: dict[str, Any] = {
        "authority_text": authority(folder).read_text(),
        "first_byte_seconds": 1,
        "open_classes": ("public",),
        **changes,
    }
    # Engines that hang hold their places for long enough to see what becomes of the next request.
    plan = cloud_plan(gateway={**SETTINGS, "first_byte_seconds": 4}, **words)
    write_gateway(folder, gateway_files(plan))


def write_secrets(folder: Path) -> None:
    """The clients' digests for the gateway, and the provider's key for the egress hop alone."""
    keys = {"demo": KEY, "safe": SAFE_KEY}
    digests = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items()}
    lines = "".join(f'"{digest}" "{name}";\n' for name, digest in digests.items())
    place_secret(folder / "secrets" / "clients.map", lines)
    place_secret(folder / "provider" / "provider.key", f"{CLOUD_KEY}\n")
    spent = folder / "spent"
    spent.mkdir()
    if os.geteuid() == 0:
        os.chown(spent, GATEWAY_UID, GATEWAY_UID)
    else:
        spent.chmod(0o777)


@contextmanager
def running_cloud_lab(folder: Path, image: str) -> Iterator[CloudLab]:
    """The lab, until the block ends."""
    folder.chmod(0o755)
    name = f"hpc-{os.getpid()}"
    write_cloud_tree(folder)
    write_secrets(folder)
    try:
        for network, options in NETWORKS.items():
            docker("network", "create", *options, f"{name}-{network}")
        for replica in REPLICAS:
            start_engine(name, replica, image, network=f"{name}-engines")
        start_cloud(name, folder, image)
        start_egress(name, folder, image)
        yield start_gateway(name, folder, image)
    finally:
        for part in PARTS:
            docker("rm", "--force", f"{name}-{part}", expect=None)
        for network in NETWORKS:
            docker("network", "rm", f"{name}-{network}", expect=None)


def start_gateway(name: str, folder: Path, image: str) -> CloudLab:
    """The gateway, on both networks without a way out."""
    gateway = f"{name}-nginx"
    docker(
        "create", f"--name={gateway}", f"--network={name}-engines", "--publish=127.0.0.1::8080",
        "--publish=127.0.0.1::8081", *gateway_arguments(folder, image, "-g", "daemon off;"),
    )  # fmt: skip
    docker("network", "connect", f"{name}-egress", gateway)
    docker("start", gateway)
    lab = CloudLab(name, folder, published(gateway, 8080), published(gateway, 8081))
    wait_until_it_serves(lab)
    wait_for_egress(lab)
    return lab


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


def wait_for_egress(lab: CloudLab) -> None:
    """Until the gateway finds the egress hop under the address that it has now."""
    for _ in range(100):
        answer = docker(
            *("exec", lab.container("nginx"), "curl", "--silent", "--max-time", "2"),
            "http://egress:8080/healthz",
            expect=None,
        )
        if "ok" in answer:
            break
        time.sleep(0.1)
    else:
        raise AssertionError(docker("logs", lab.container("egress"), expect=None))
    # The gateway's own nginx asks for the address every two seconds.
    time.sleep(2.2)
