"""A real gateway and a real egress hop between fake engines and a fake cloud.

Three networks, as on a host: engines and gateway, without a way out; gateway and egress hop, cut
off; and the one on which the egress hop alone meets the cloud.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.cloud_containers import (
    NETWORKS,
    SAFE_KEY,
    start_cloud,
    start_egress,
    wait_for_egress,
    write_cloud_tree,
    write_secrets,
)
from tests.e2e.gateway_lab import (
    REPLICAS,
    Lab,
    docker,
    gateway_arguments,
    published,
    start_engine,
    wait_until_it_serves,
)
from tests.lab import plain_http
from tests.lab.waiting import until

PARTS = (*REPLICAS, "nginx", "egress", "cloud")


@dataclass(frozen=True)
class CloudLab(Lab):
    """The running gateway, its engines, the egress hop and the cloud."""

    def safe(self, body: object = None, **headers: str) -> httpx.Response:
        """One chat completion of the client that must not leave."""
        return self.chat(body, {"Authorization": f"Bearer {SAFE_KEY}", **headers})

    def cloud(self, mode: str) -> None:
        """Lets the cloud behave in one way; forgets what it saw."""
        url = published(self.container("cloud"), 8090)
        plain_http.post(f"{url}/mode", content=mode.encode(), timeout=5).raise_for_status()

    def left(self) -> list[dict[str, Any]]:
        """The requests that reached the cloud."""
        url = published(self.container("cloud"), 8090)
        found: list[dict[str, Any]] = plain_http.get(f"{url}/seen", timeout=5).json()
        return found

    def hellos(self) -> list[str]:
        """The names that were asked for when somebody connected to the cloud."""
        url = published(self.container("cloud"), 8090)
        found: list[str] = plain_http.get(f"{url}/hellos", timeout=5).json()
        return found

    def audit(self) -> list[dict[str, Any]]:
        """The egress hop's record of what left."""
        files = sorted((self.folder / "spent").glob("audit-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def ended(self, request_id: str) -> dict[str, Any]:
        """The record of how one request ended; written after its answer."""

        def is_end(line: dict[str, Any]) -> bool:
            return (line["request_id"], line["event"]) == (request_id, "ended")

        found = until(
            lambda: [line for line in self.audit() if is_end(line)],
            every_seconds=0.1,
            account=lambda: f"request {request_id} is not in the record: {self.audit()}",
        )
        return found[0]

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
        until(
            lambda: len(self.seen()) >= requests,
            account=lambda: f"only {len(self.seen())} requests have reached the engines",
        )

    def wait_until_it_left(self) -> None:
        """Until the cloud has seen a request."""
        until(self.left, account=lambda: "nothing has reached the cloud")

    def restart_egress(self, **changes: object) -> None:
        """Kills the egress hop and starts it again, perhaps with other settings."""
        docker("kill", self.container("egress"))
        write_cloud_tree(self.folder, **changes)
        docker("start", self.container("egress"))
        wait_for_egress(self)

    def restart_gateway(self) -> "CloudLab":
        """Kills the gateway's own nginx and starts it again; it is found elsewhere then."""
        docker("kill", self.container("nginx"))
        docker("start", self.container("nginx"))
        wait_for_egress(self)
        return self.found()

    def found(self) -> "CloudLab":
        """The lab with the gateway's ports as they are now: Docker gives others at each start."""
        urls = (published(self.container("nginx"), port) for port in (8080, 8081))
        return CloudLab(self.name, self.folder, *urls)

    def at_once(self, count: int) -> list[str]:
        """As many chat completions together: who answered, or the code of the error."""
        with ThreadPoolExecutor(count) as threads:
            return [told(answer) for answer in threads.map(lambda _: self.chat(), range(count))]

    def forget_spending(self) -> None:
        """As on the first day; the egress hop must be restarted after it."""
        for file in (self.folder / "spent").iterdir():
            file.unlink()


def told(answer: httpx.Response) -> str:
    """`cloud`, or the code of the error."""
    return "cloud" if answer.status_code == 200 else str(answer.json()["error"]["code"])


@contextmanager
def running_cloud_lab(folder: Path, image: str, **changes: object) -> Iterator[CloudLab]:
    """The lab, until the block ends."""
    folder.chmod(0o755)
    name = f"hpc-{os.getpid()}"
    write_cloud_tree(folder, **changes)
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
    lab = CloudLab(name, folder, "", "").found()
    wait_until_it_serves(lab)
    wait_for_egress(lab)
    return lab
