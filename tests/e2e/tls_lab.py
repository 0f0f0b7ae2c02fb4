"""A real gateway with TLS in front of one fake engine; its authority is the kit's own."""

import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploys.certificates.authority import issued, new_key, self_signed
from deploys.certificates.entrance import Entrance, client
from deploys.certificates.reading import now
from tests.e2e.checked_gateway import TIER
from tests.e2e.gateway_lab import docker, gateway_arguments, published, start_engine
from tests.e2e.gateway_tree import KEY, place_secret, write_tree
from tests.lab.waiting import until

NAME = "llm.lab.example"
OTHER = "api.lab.example"
NAMES = (NAME, OTHER)
TLS: dict[str, Any] = {"names": NAMES, "authority": {"certificate": "ca.pem", "key": "env:CA_KEY"}}
HEADERS = {"Authorization": f"Bearer {KEY}"}
CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    "ana": {"key": "file:sk-test-of-ana", "tier": "quick"},
}
SETTINGS: dict[str, Any] = {"tls": TLS, "tiers": {"quick": TIER}}


@dataclass(frozen=True)
class TlsLab:
    """The running gateway, and the authority that clients trust."""

    name: str
    folder: Path
    port: int
    authority: Path
    authority_key: str

    def way(self, name: str = NAME) -> Entrance:
        """The way in as the kit goes it: by address, with a name."""
        return Entrance(f"https://127.0.0.1:{self.port}", name, self.authority)

    def asking(self, name: str = NAME) -> httpx.Client:
        """A client with a valid key."""
        return client(self.way(name), HEADERS, 15)

    def issue(self, valid_days: int = 90) -> None:
        """Puts a new certificate where nginx reads it when it loads."""
        text = issued(self.authority_key, self.authority.read_bytes(), NAMES, valid_days, now())
        place_secret(self.folder / "secrets" / "tls.pem", text)

    def s_client(self, *options: str) -> tuple[int, str]:
        """Exit code of a handshake by openssl, and what it said."""
        trust = ("-CAfile", str(self.authority), "-verify_return_error", "-brief")
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *trust, *options],
            input="", capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def in_container(self, *words: str) -> str:
        """Output of a command in the gateway's container."""
        return docker("exec", f"{self.name}-nginx", *words)


@contextmanager
def running_tls_lab(folder: Path, image: str) -> Iterator[TlsLab]:
    """The lab, until the block ends."""
    folder.chmod(0o755)
    name, key, authority = f"hpt-{os.getpid()}", new_key(), folder / "ca.pem"
    authority.write_text(self_signed(key, "lab", now()))
    write_tree(folder, clients=CLIENTS, **SETTINGS)
    TlsLab(name, folder, 0, authority, key).issue()
    docker("network", "create", name)
    try:
        start_engine(name, "chat-1", image)
        start = ["run", "--detach", f"--name={name}-nginx", f"--network={name}"]
        docker(*start, "--publish=127.0.0.1::8443",
               *gateway_arguments(folder, image, "-g", "daemon off;"))  # fmt: skip
        port = int(published(f"{name}-nginx", 8443).rpartition(":")[2])
        lab = TlsLab(name, folder, port, authority, key)
        _wait_until_it_serves(lab)
        yield lab
    finally:
        for part in ("chat-1", "nginx"):
            docker("rm", "--force", f"{name}-{part}", expect=None)
        docker("network", "rm", name, expect=None)


def _wait_until_it_serves(lab: TlsLab) -> None:
    def answers() -> bool:
        try:
            with lab.asking() as asking:
                return asking.post("/v1/chat/completions", json={"model": "chat"}).is_success
        except (httpx.HTTPError, ssl.SSLError):
            return False

    until(answers, account=lambda: docker("logs", f"{lab.name}-nginx", expect=None))
