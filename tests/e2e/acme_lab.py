"""The kit's ACME client against Pebble, and a real nginx that serves what it gets.

The client runs as it is rendered: same image, words, user and confinement.
"""

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploys.certificates.authority import issued, new_key, self_signed
from deploys.certificates.entrance import Entrance
from deploys.certificates.reading import now
from deploys.render.image_tags import built_reference
from tests.e2e.gateway_lab import docker, gateway_arguments, published
from tests.e2e.gateway_tree import GATEWAY_UID, write_tree
from tests.lab.images import image
from tests.lab.machine import ROOT
from tests.lab.waiting import until
from tests.render.gateway_files import composed
from tests.render.plans import small_plan

NAME = "llm.lab.example"
OTHER = "api.lab.example"
SERVER = "pebble.lab.example"
EMAIL = "ops@lab.example"
PLACE = "/srv/homeport/secrets/acme"
CONFIGURATION = {
    "listenAddress": "0.0.0.0:14000",
    "managementListenAddress": "0.0.0.0:15000",
    "certificate": "/pebble/tls.pem",
    "privateKey": "/pebble/tls.pem",
    # Where the client's container listens for the challenge.
    "httpPort": 8080,
    "tlsPort": 5001,
    "keyAlgorithm": "ecdsa",
    "profiles": {"default": {"description": "ninety days", "validityPeriod": 7776000}},
}


@dataclass(frozen=True)
class AcmeLab:
    """Pebble and the gateway; the client comes and goes."""

    name: str
    folder: Path
    port: int

    @property
    def place(self) -> Path:
        """What the client keeps."""
        return self.folder / "secrets-acme"

    def way(self) -> Entrance:
        """The way in for whoever trusts what Pebble issues, which is anew for each of its runs."""
        url = published(f"{self.name}-pebble", 15000).replace("http:", "https:") + "/roots/0"
        root = self.folder / "root.pem"
        # What issues is told on a listener of its own, which clients of ACME never see.
        root.write_bytes(httpx.get(url, verify=unverified()).raise_for_status().content)
        return Entrance(f"https://127.0.0.1:{self.port}", NAME, root)

    def ask(self, *names: str, server_port: int = 14000, email: str = EMAIL) -> None:
        """Starts the client as rendered for these names; returns once it rests."""
        service = _service(names)
        container = f"{self.name}-acme"
        docker("rm", "--force", container, expect=None)
        aliases = [f"--network-alias={name}" for name in names]
        confined = [f"--user={service['user']}", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp"]
        settings = [f"--env={key}={text}" for key, text in service["environment"].items()]
        docker(
            "run", "--detach", f"--name={container}", f"--network={self.name}", *aliases,
            *confined, *settings, f"--volume={self.place}:{PLACE}", service["image"],
            *(word.replace(":14000", f":{server_port}").replace(EMAIL, email)
              for word in service["command"]),
        )  # fmt: skip
        until(
            lambda: "sleep" in docker("top", container, "-o", "pid,comm", expect=None),
            every_seconds=0.2,
            account=self.log,
        )

    def log(self) -> str:
        """What the client said."""
        return docker("logs", f"{self.name}-acme", expect=None)


@contextmanager
def running_acme_lab(folder: Path, nginx_image: str) -> Iterator[AcmeLab]:
    """The lab, until the block ends; nothing was asked for yet."""
    folder.chmod(0o755)
    name = f"hpa-{os.getpid()}"
    write_tree(folder, tls=tls(NAME, OTHER))
    _write_pebble(folder)
    docker("network", "create", name)
    try:
        docker(
            "run", "--detach", f"--name={name}-pebble", f"--network={name}",
            f"--network-alias={SERVER}", "--publish=127.0.0.1::15000",
            f"--volume={folder / 'pebble'}:/pebble:ro", image("pebble"),
        )  # fmt: skip
        start = ["run", "--detach", f"--name={name}-nginx", f"--network={name}"]
        mount = f"--volume={folder / 'secrets-acme'}:{PLACE}:ro"
        docker(*start, "--publish=127.0.0.1::8443", mount,
               *gateway_arguments(folder, nginx_image, "-g", "daemon off;"))  # fmt: skip
        port = int(published(f"{name}-nginx", 8443).rpartition(":")[2])
        yield AcmeLab(name, folder, port)
    finally:
        for part in ("acme", "pebble", "nginx"):
            docker("rm", "--force", f"{name}-{part}", expect=None)
        docker("network", "rm", name, expect=None)


def tls(*names: str) -> dict[str, Any]:
    """Settings for a certificate from Pebble."""
    directory = f"https://{SERVER}:14000/dir"
    acme = {"directory": directory, "email": EMAIL, "authority": "site.pem"}
    return {"names": names, "acme": acme}


def acme_image() -> str:
    """The kit's own image, built as it would be on a host where it is missing."""
    reference = built_reference("acme", ROOT / "deploys" / "images")
    if not docker("images", "--quiet", reference):
        subprocess.run(
            ["docker", "build", "--quiet", "--network=host", "--tag", reference,
             str(ROOT / "deploys" / "images" / "acme")],
            env={**os.environ, "DOCKER_BUILDKIT": "0"}, check=True, capture_output=True,
            timeout=300,
        )  # fmt: skip
    return reference


def _service(names: tuple[str, ...]) -> dict[str, Any]:
    plan = small_plan(gateway={"tls": tls(*names)})
    plan = replace(plan, images={**plan.images, "acme": acme_image()})
    text = composed(plan)["gateways/compose.yaml"]
    service: dict[str, Any] = yaml.safe_load(text)["services"]["acme"]
    return service


def _write_pebble(folder: Path) -> None:
    """Pebble's own certificate, from an authority that the client is told to trust."""
    key = new_key()
    site = self_signed(key, "site", now())
    pebble, place = folder / "pebble", folder / "secrets-acme"
    for made in (pebble, place):
        made.mkdir()
    (pebble / "tls.pem").write_text(issued(key, site.encode(), (SERVER,), 90, now()))
    (pebble / "config.json").write_text(json.dumps({"pebble": CONFIGURATION}))
    (place / "authority.pem").write_text(site)
    place.chmod(0o700)
    for path in (place, place / "authority.pem"):
        os.chown(path, GATEWAY_UID, GATEWAY_UID)


def unverified() -> ssl.SSLContext:
    """Believes everybody: for asking a server for the authority that it is believed by."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
