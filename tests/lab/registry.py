"""A private registry on the lab's network: TLS with a CA that only this lab knows.

Hosts call it `registry:5000` and trust it by its CA, as they would a site's own. This machine
pushes over the loopback address, where Docker asks for no CA, so nothing here needs to trust it.
"""

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from tests.lab import keys
from tests.lab.certificates import authority, server_certificate
from tests.lab.host import File, LabHost, put_files, text_file
from tests.lab.images import CONTEXTS, image
from tests.lab.labels import label_options, resource
from tests.lab.machine import LabError, docker, run
from tests.lab.network import REGISTRY_NUMBER, address, place_options

ADDRESS = "registry:5000"
LONGEST_START_SECONDS = 20
CONFIGURATION = (CONTEXTS / "registry" / "config.yml").read_text()
LOGIN = "auth:\n  htpasswd:\n    realm: lab\n    path: /login/htpasswd\n"


@dataclass(frozen=True)
class Registry:
    """The registry of a lab that is up."""

    address: str
    """What the hosts call it."""
    ca: Path
    """The certificate that its own is signed with."""
    container: str

    @property
    def loopback(self) -> str:
        """`127.0.0.1:PORT`, for this machine alone; another port after each start."""
        published = docker("port", self.container, "5000/tcp", check=False)
        return published.split()[0] if published else ""

    def push(self, reference: str, name: str) -> str:
        """Pushes one of this machine's images as `name` (`site/app:1`); its digest, `sha256:…`."""
        here = f"{self.loopback}/{name}"
        docker("tag", reference, here)
        said = docker("--config", str(self._client), "push", here)
        docker("image", "rm", here)
        found = re.search(r"digest: (sha256:[0-9a-f]{64})", said)
        if found is None:
            raise LabError(f"docker push {here} named no digest", said)
        return found.group(1)

    def trusted_by(self, host: LabHost, server: str = ADDRESS) -> None:
        """Has the Docker of a host trust the registry, as the kit's bootstrap would."""
        host.put({f"/etc/docker/certs.d/{server}/ca.crt": File(self.ca.read_bytes())})

    def require_login(self, user: str, password: str) -> None:
        """Lets nobody in any more without this login; pushes from here use it."""
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4))
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._client.mkdir(exist_ok=True, mode=0o700)
        files = {"/login/htpasswd": File(user.encode() + b":" + hashed + b"\n", 0o600)}
        self._restarted(CONFIGURATION + LOGIN, files)
        (self._client / "config.json").write_text(
            json.dumps({"auths": {self.loopback: {"auth": login}}})
        )

    def require_no_login(self) -> None:
        """Lets everybody in again."""
        self._restarted(CONFIGURATION, {})

    @contextmanager
    def certified_by(self, certificate: bytes, key: bytes) -> Iterator[None]:
        """Shows another certificate for a while."""
        folder = self.ca.parent
        own = ((folder / "registry.crt").read_bytes(), (folder / "registry.key").read_bytes())
        self._show(certificate, key)
        try:
            yield
        finally:
            self._show(*own)
            _wait_until_answering(self)

    def _show(self, certificate: bytes, key: bytes) -> None:
        files = {"/tls/registry.crt": File(certificate), "/tls/registry.key": File(key, 0o600)}
        put_files(self.container, files)
        docker("restart", "--time", "5", self.container)

    @property
    def _client(self) -> Path:
        """Docker's own configuration for pushes from here, so that nobody's login is touched."""
        return self.ca.parent / "registry-client"

    def _restarted(self, configuration: str, files: dict[str, File]) -> None:
        """Runs with another configuration; returns once it answers."""
        path = "/etc/docker/registry/config.yml"
        put_files(self.container, {**files, path: text_file(configuration)})
        docker("restart", "--time", "5", self.container)
        _wait_until_answering(self)

    def stop(self) -> None:
        docker("stop", "--time", "2", self.container)

    def start(self) -> None:
        docker("start", self.container)
        _wait_until_answering(self)


def start_registry(lab: str, network: str) -> Registry:
    """Has the lab's registry running; one that is there keeps its images."""
    found = find_registry(lab)
    if found is not None:
        return found
    name, place = resource(lab, "registry"), address(lab, REGISTRY_NUMBER)
    docker(
        "create", "--name", name, *label_options(lab), *place_options(network, place, "registry"),
        "--publish=127.0.0.1::5000", image("registry"),
    )  # fmt: skip
    certificate, key = server_certificate(keys.folder(lab), "registry", (place, "127.0.0.1"))
    tls = {
        "/tls/registry.crt": File(certificate.read_bytes()),
        "/tls/registry.key": File(key.read_bytes(), 0o600),
    }
    put_files(name, tls)
    docker("start", name)
    return _started(lab, name)


def find_registry(lab: str) -> Registry | None:
    """The lab's registry, if there is a running one."""
    name = resource(lab, "registry")
    if docker("inspect", "--format", "{{.State.Running}}", name, check=False) != "true":
        return None
    return Registry(ADDRESS, authority(keys.folder(lab)), name)


def _started(lab: str, name: str) -> Registry:
    found = find_registry(lab)
    if found is None:
        log = docker("logs", "--tail", "5", name, check=False)
        raise LabError("the registry ended at once", log)
    _wait_until_answering(found)
    return found


def _wait_until_answering(registry: Registry) -> None:
    """Waits for an answer over TLS with the certificate that it should have."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        if _answers(registry):
            return
        time.sleep(0.2)
    log = docker("logs", "--tail", "5", registry.container, check=False)
    raise LabError(f"the registry does not answer after {LONGEST_START_SECONDS} s", log)


def _answers(registry: Registry) -> bool:
    trust = ("-CAfile", str(registry.ca), "-verify_return_error", "-verify_ip", "127.0.0.1")
    command = ("openssl", "s_client", "-connect", registry.loopback, *trust)
    return run(*command, check=False, seconds=10).returncode == 0
