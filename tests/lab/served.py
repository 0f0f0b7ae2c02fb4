"""A served lab: bare hosts gpu1, gpu2 and gate1 that one `homeport apply` over SSH has made serve.

The images come from the lab's registry by digest, as on a site without a way to the Internet. The
environment is called `served`; its checkout is a clean one, and commands run in it as a user types
them.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.checkout import Checkout, make_checkout
from tests.lab import plain_http
from tests.lab.gpus import Gpu
from tests.lab.host import LabHost
from tests.lab.inventory import assignments, connection_data
from tests.lab.kit_images import kit_images
from tests.lab.lab import Lab, fleet, running_lab
from tests.lab.machine import ROOT, LabError
from tests.lab.registry import Registry

NAME = "served"
STORE = "/srv/homeport"
KEY = "hp-key-of-the-served-lab"
AUTHORITY = "inventories/registry-ca.pem"
# Docker's interface in a lab's host.
INTERFACE = "eth0"
# Which host watches, where a test commits `monitoring`.
MONITOR = "gpu1"
# Which host keeps vectors, where a test commits `retrieval`.
STORE_HOST = "gpu2"
POOL = {
    "model": "tiny-random", "engine": "llamacpp", "replicas": 2, "context_tokens": 512,
    "slots": 2, "batch_tokens": 512, "micro_batch_tokens": 128, "steady_seconds": 2,
    # Stand-ins double the time of an update; the tests that want them say so.
    "rollout": "shift",
}  # fmt: skip


@dataclass(frozen=True)
class Served:
    """The lab, the checkout that it was deployed from, and what the first apply said."""

    lab: Lab
    checkout: Checkout
    images: Mapping[str, str]
    """Image -> its reference by digest in the lab's registry."""
    first_apply: str = ""

    def host(self, name: str) -> LabHost:
        """One of gpu1, gpu2, gate1."""
        return self.lab.host(name)

    def homeport(self, arguments: str, *, expect: int | None = 0) -> str:
        """Runs a verb in the checkout; stdout and stderr together."""
        return self.checkout.homeport(arguments, expect=expect)

    def apply(self, arguments: str = "", *, expect: int = 0) -> str:
        """`homeport apply served` without the checks afterwards."""
        return self.homeport(f"apply {NAME} --no-verify {arguments}", expect=expect)

    def findings(self) -> list[dict[str, str]]:
        """What `homeport drift served --json` finds."""
        done = self.checkout.run(f".venv/bin/homeport drift {NAME} --json", expect=None)
        assert done.returncode in (0, 2), done.stdout + done.stderr
        found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
        assert done.returncode == (2 if found else 0)
        return found

    def chat(
        self, timeout_seconds: float = 30, session: str = "", key: str = KEY, tokens: int = 4
    ) -> httpx.Response:
        """An answer of so many tokens through the gateway, as a client of the fleet gets it."""
        asked = [{"role": "user", "content": "Hi"}]
        body = {"model": "chat", "max_tokens": tokens, "messages": asked}
        url = f"http://{self.host('gate1').address}:8080/v1/chat/completions"
        headers = {"Authorization": f"Bearer {key}", "X-Session-Id": session}
        return plain_http.post(url, json=body, headers=headers, timeout=timeout_seconds)

    def loads_revision(self, revision: str) -> None:
        """Waits until the gateway's nginx has loaded files of this revision."""
        ask = (
            "docker exec $(docker ps -q --filter name=nginx) curl -s http://127.0.0.1:8081/revision"
        )
        once = f"{ask} | grep {revision} && exit; sleep 0.1"
        self.host("gate1").run(f"for _ in $(seq 100); do {once}; done; exit 1")

    def containers(self) -> dict[str, str]:
        """HOST/SERVICE -> id and start of its container, for those of the environment that run."""
        shown = '{{index .Config.Labels "com.docker.compose.service"}} {{.Id}} {{.State.StartedAt}}'
        ask = f"docker ps -q --filter label=homeport.environment={NAME}"
        found = {}
        for host in self.lab.hosts:
            listing = host.run(f"ids=$({ask}); [ -z \"$ids\" ] || docker inspect -f '{shown}' $ids")
            for line in listing.splitlines():
                service, _, state = line.partition(" ")
                found[f"{host.name}/{service}"] = state
        return found

    def current(self) -> dict[str, str]:
        """Host -> name of its current release."""
        read = f"readlink {STORE}/current || true"
        return {host.name: host.run(read).rpartition("/")[2] for host in self.lab.hosts}

    def commit(self, **words: object) -> None:
        """Renders the environment with other group data than at first; without words, as it was."""
        write_environment(self.checkout.path, self.lab, self.images, words)
        self.homeport(f"render {NAME}")

    def put_back(self) -> None:
        """No lock, no drift: the fleet serves what was committed at first."""
        if self.locked():
            self.homeport(f"unlock {NAME} --yes", expect=None)
        self.commit()
        if self.findings():
            self.apply()
            left = self.findings()
            assert left == [], left

    def locked(self) -> list[str]:
        """Names of the hosts that are locked."""
        look = f"[ ! -e {STORE}/lock ] || echo locked"
        return [host.name for host in self.lab.hosts if host.run(look)]


@contextmanager
def running_served_lab(folder: Path) -> Iterator[Served]:
    """The served lab for as long as tests need it; `folder` gets the checkout."""
    with running_lab(NAME, fleet(gpus=(Gpu("h100"), Gpu("h100"))), registry=True) as lab:
        yield serve(lab, folder)


def serve(lab: Lab, folder: Path) -> Served:
    """Writes the environment, renders it and applies it to the lab's bare hosts."""
    if lab.registry is None:
        raise LabError("the served lab needs its registry", "up(…, registry=True)")
    checkout = make_checkout(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    served = Served(lab, checkout, pushed_images(lab.registry))
    served.commit()
    return replace(served, first_apply=served.apply())


def pushed_images(
    registry: Registry, folder: str = "site", images: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Image -> reference by digest in the lab's registry; the kit's own, built where missing."""
    return {
        name: f"{registry.address}/{folder}/{name}@{registry.push(reference, f'{folder}/{name}')}"
        for name, reference in (images or kit_images()).items()
    }


def write_environment(
    root: Path, lab: Lab, images: Mapping[str, str], changes: Mapping[str, object]
) -> None:
    """The inventory, group data (with `changes`), hardware and the one client's key of `served`."""
    if lab.registry is None:
        raise LabError("the served lab needs its registry", "up(…, registry=True)")
    gateway = {"address": lab.host("gate1").address, "port": 8080, "admin_port": 8081}
    daemon = {"registry_authorities": {lab.registry.address: AUTHORITY}}
    words: dict[str, Any] = {
        "pools": {"chat": POOL},
        "clients": {"tester": {"key": "file:.homeport/served.key"}},
        "gateway": gateway,
        "images": {name: {"reference": reference} for name, reference in images.items()},
        "docker": {"daemon": daemon},
        **connection_data(lab),
        **changes,
    }
    folder = root / "inventories"
    (folder / f"{NAME}.py").write_text(assignments(_groups(lab, words)))
    (folder / "group_data" / f"{NAME}.py").write_text(assignments(words))
    # One: two threads of an engine wait for each other by spinning, which on a busy machine took
    # thirty times the processor for the same answers.
    hardware = {"cpu": {"physical_cores": 1}, "memory_mib": 4096, "gpus": []}
    document = {"hosts": {host.name: hardware for host in lab.hosts}}
    # YAML reads JSON.
    (folder / "hardware" / f"{NAME}.yaml").write_text(json.dumps(document))
    shutil.copy(lab.registry.ca, root / AUTHORITY)
    key = root / ".homeport" / "served.key"
    key.parent.mkdir(exist_ok=True)
    key.touch(0o600)
    key.write_text(f"{KEY}\n")


def _groups(lab: Lab, words: Mapping[str, object]) -> dict[str, Any]:
    names = [host.name for host in lab.hosts]
    places = {
        host.name: {
            "ssh_hostname": host.address, "address": host.address, "interface": INTERFACE
        }
        for host in lab.hosts
    }  # fmt: skip
    return {
        NAME: [*places.items()],
        "gpu_hosts": [name for name in names if name.startswith("gpu")],
        "gateways": [name for name in names if name.startswith("gate")],
        **({"monitors": [MONITOR]} if "monitoring" in words else {}),
        **({"vector_stores": [STORE_HOST]} if "retrieval" in words else {}),
    }
