"""A real gateway in front of two fake engines, on a Docker network of its own.

The gateway runs as it does on a host; engines are reached by name through Docker's own resolver.
"""

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploys.plan.plan import Pool
from tests.e2e.gateway_tree import (
    GATEWAY_UID,
    KEY,
    OWN_FOLDERS,
    POOLS,
    access_lines,
    write_tree,
)
from tests.lab import plain_http
from tests.lab.waiting import until

FAKE_ENGINE = Path(__file__).with_name("fake_engine.py")
REPLICAS = ("chat-1", "chat-2")
CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Lab:
    """The running gateway and its engines."""

    name: str
    folder: Path
    url: str
    admin_url: str
    gateway: str = "nginx"
    """The part that answers at `url`."""

    def container(self, part: str) -> str:
        """The name of one container of this lab."""
        return f"{self.name}-{part}"

    def chat(
        self, body: object = None, headers: Mapping[str, str | bytes] | None = None
    ) -> httpx.Response:
        """One chat completion; with a valid key unless `headers` are given."""
        document = {"model": "chat", "messages": []} if body is None else body
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        shown = {"Authorization": f"Bearer {KEY}"} if headers is None else headers
        sent = {
            name.encode(): value if isinstance(value, bytes) else value.encode()
            for name, value in shown.items()
        }
        return plain_http.post(self.url + CHAT, content=content, headers=sent, timeout=15)

    def wait_for(self, status: int, key: str) -> None:
        """Asks with a key until the gateway answers so."""
        headers = {"Authorization": f"Bearer {key}"}
        until(lambda: self.chat(headers=headers).status_code == status, every_seconds=0.1)

    def engines(self, mode: str, *names: str) -> None:
        """Lets all engines, or some, behave in one way; forgets what they saw."""
        for name in names or REPLICAS:
            url = published(self.container(name), 8090)
            plain_http.post(f"{url}/mode", content=mode.encode(), timeout=5).raise_for_status()

    def seen(self, *names: str) -> list[dict[str, Any]]:
        """The requests that reached all engines, or some."""
        urls = [published(self.container(name), 8090) for name in names or REPLICAS]
        return [
            record for url in urls for record in plain_http.get(f"{url}/seen", timeout=5).json()
        ]

    def log(self) -> list[dict[str, Any]]:
        """The access log so far."""
        return [json.loads(line) for line in access_lines(self.folder)]

    def logged(self, request_id: str) -> dict[str, Any]:
        """The access log's line about one request; nginx writes it after the answer."""
        found = until(
            lambda: [line for line in self.log() if line["request_id"] == request_id],
            account=lambda: f"request {request_id} is not in the log",
        )
        return found[0]

    def reload(self, part: str = "nginx") -> None:
        """Has an nginx load its files; returns once old workers take no new connection."""
        container = self.container(part)
        old = _workers(container)
        docker("kill", "--signal=HUP", container)
        until(
            lambda: (new := _workers(container)) and not new & old,
            account=lambda: docker("logs", "--tail=20", container),
        )

    def raw(self, request: bytes) -> bytes:
        """What a client gets that does not keep to HTTP."""
        address = httpx.URL(self.url)
        with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
            connection.sendall(request)
            return connection.recv(65536)


def said(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error document, once all that every such answer has was seen."""
    error = answer.json()["error"]
    assert {"message", "type", "param", "code", "request_id"} <= error.keys()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == error["request_id"]
    assert answer.headers["server"] == "nginx"
    return answer.status_code, error["code"]


def docker(*arguments: str, expect: int | None = 0) -> str:
    """Runs docker; gives both streams, and fails with them when the exit code is another."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _workers(container: str) -> set[str]:
    """PIDs of nginx's workers without those that finish their answers, which say so."""
    lines = docker("top", container, "-o", "pid,args").splitlines()
    return {line.split()[0] for line in lines if line.endswith("nginx: worker process")}


def published(container: str, port: int) -> str:
    """Where a container's port is reached from this machine."""
    return "http://" + docker("port", container, str(port)).split()[0]


def own_address(container: str) -> str:
    """A container's address on its one network."""
    what = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return docker("inspect", f"--format={what}", container).strip()


def gateway_arguments(folder: Path, image: str, *arguments: str) -> list[str]:
    """Arguments of `docker run` for a gateway as a host runs it; nginx gets `arguments`."""
    mounts = {"nginx": "gateway/current", "secrets": "secrets/gateway", "state": "state/gateway"}
    volumes = [f"--volume={folder / name}:/srv/homeport/{path}:ro" for name, path in mounts.items()]
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs").chmod(0o777)
    volumes.append(f"--volume={folder}/logs:/srv/homeport/logs/gateway")
    for own in OWN_FOLDERS:
        if (folder / "state" / own).exists():
            volumes.append(f"--volume={folder}/state/{own}:/srv/homeport/state/gateway/{own}")
    if not (folder / "nginx" / "gateway.js").exists():
        # Nothing of njs is there.
        volumes.append("--tmpfs=/usr/lib/nginx/modules")
    confined = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", f"--user={GATEWAY_UID}"]
    nginx = ["--entrypoint=nginx", image, "-c", "/srv/homeport/gateway/current/nginx.conf"]
    return [*confined, "--security-opt=no-new-privileges", *volumes, *nginx, *arguments]


@contextmanager
def running_lab(
    folder: Path,
    image: str,
    pools: Sequence[Pool] = POOLS,
    clients: Mapping[str, object] | None = None,
    **settings: object,
) -> Iterator[Lab]:
    """The lab, until the block ends."""
    folder.chmod(0o755)
    name = f"hpg-{os.getpid()}"
    write_tree(folder, pools, clients, **settings)
    docker("network", "create", name)
    try:
        for replica in REPLICAS:
            start_engine(name, replica, image)
        ports = ["--publish=127.0.0.1::8080", "--publish=127.0.0.1::8081"]
        start = ["run", "--detach", f"--name={name}-nginx", f"--network={name}", *ports]
        docker(*start, *gateway_arguments(folder, image, "-g", "daemon off;"))
        lab = Lab(name, folder, *(published(f"{name}-nginx", port) for port in (8080, 8081)))
        wait_until_it_serves(lab)
        yield lab
    finally:
        docker("rm", "--force", *(f"{name}-{part}" for part in (*REPLICAS, "nginx")), expect=None)
        docker("network", "rm", name, expect=None)


def start_engine(
    lab: str, replica: str, image: str, script: Path = FAKE_ENGINE, network: str = ""
) -> None:
    """This machine's own Python in any Debian image: there need not be one with Python in it."""
    docker(
        "run", "--detach", f"--name={lab}-{replica}", f"--network={network or lab}",
        f"--network-alias={replica}", "--publish=127.0.0.1::8090", "--volume=/usr:/usr:ro",
        f"--volume={script}:/fake_engine.py:ro", "--user=10001", "--read-only",
        "--entrypoint=/usr/bin/python3", image, "/fake_engine.py", replica,
    )  # fmt: skip


def wait_until_it_serves(lab: Lab) -> None:
    """Until both engines have answered through the gateway."""
    served: set[str] = set()

    def both_have() -> bool:
        with suppress(httpx.HTTPError):
            served.add(lab.chat().json().get("served_by", ""))
        return served.issuperset(REPLICAS)

    until(both_have, account=lambda: docker("logs", lab.container("nginx"), expect=None))
