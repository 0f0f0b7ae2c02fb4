"""Two GPU hosts and a gateway over SSH, deployed by the command as a user would: for rollouts."""

import json
import os
import pprint
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.images import image
from tests.lab.inventory import connection_data
from tests.lab.lab import Lab, fleet, running_lab
from tests.lab.machine import ROOT, docker, run

KEY = "hp-rolling-test"
STORE = "/srv/homeport"
LONGEST_SECONDS = 600
PROJECT = "homeport-lab-gpu_hosts"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of its output."""
        return "\n".join(self.lines)

    @property
    def rollout(self) -> list[str]:
        """What the rollout told, without pyinfra's prefix."""
        return [line.partition("rollout: ")[2] for line in self.lines if "rollout: " in line]


@dataclass(frozen=True)
class Fleet:
    """The lab and the repository from which it is deployed."""

    lab: Lab
    folder: Path
    images: Mapping[str, str]
    """Reference in the lab's registry by what it is."""

    @property
    def url(self) -> str:
        """Where clients reach the gateway."""
        return f"http://{self.lab.host('gate1').address}:8080"

    def render(
        self, engine: str = "engine", *, words: Mapping[str, object] | None = None, **pool: object
    ) -> None:
        """Commits an environment whose pool `chat` has these words, less those that are None;
        `words` replace group data.
        """
        said = {name: word for name, word in {**POOL, **pool}.items() if word is not None}
        given = {
            "pools": {"chat": said},
            "clients": {"load": {"key": "file:load.key"}},
            "gateway": {"address": self.lab.host("gate1").address},
            "images": {
                "llamacpp": {"reference": self.images[engine]},
                "nginx": {"reference": self.images["nginx"]},
            },
            # The lab's images have Docker, and the registry's CA was laid there.
            "docker": {"daemon": {"managed": False}},
            "nvidia": {"managed": False},
            **connection_data(self.lab),
            **(words or {}),
        }
        self.write("inventories/group_data/lab.py", given)
        done = self.homeport("render", "lab")
        assert done.code == 0, done.text

    def homeport(
        self, *words: str, told: Callable[[str], None] = lambda line: None, kill_at: str = ""
    ) -> Done:
        """Runs a verb; `told` gets each line as it comes. At the line `kill_at` all of it dies."""
        return _run([str(ROOT / ".venv/bin/homeport"), *words], self.folder, told, kill_at)

    def apply(self, *words: str, told: Callable[[str], None] = lambda line: None) -> Done:
        """Applies what is committed, without the checks afterwards."""
        return self.homeport("apply", "lab", "--no-verify", *words, told=told)

    def pyinfra(self, deploy: str = "deploys/site.py", *words: str) -> Done:
        """The same without the command."""
        command = [str(Path(sys.executable).with_name("pyinfra")), "-y", *words]
        return _run([*command, "inventories/lab.py", deploy], self.folder, lambda line: None)

    def containers(self) -> dict[str, str]:
        """Container id by replica, of those that run."""
        listing = "docker ps --no-trunc --format '{{.Label \"homeport.replica\"}} {{.ID}}'"
        lines = [
            line.split()
            for host in self.lab.hosts
            if host.name.startswith("gpu")
            for line in host.run(f"{listing} --filter label=homeport.role=gpu_hosts").splitlines()
        ]
        return dict(lines)

    def current(self) -> dict[str, str]:
        """The release that is current on each host."""
        read = f"readlink {STORE}/current || true"
        return {host.name: host.run(read).rpartition("/")[2] for host in self.lab.hosts}

    def committed(self) -> dict[str, str]:
        """The release that is committed for each host."""
        found = {}
        for host in self.lab.hosts:
            text = (self.folder / "compose/lab" / host.name / "release.yaml").read_text()
            found[host.name] = re.findall(r"^release: '?(\w+)", text, re.MULTILINE)[0]
        return found

    def drained(self) -> str:
        """What nginx has loaded as drained."""
        return str(self.revision()["drained"])

    def revision(self) -> dict[str, Any]:
        """What the gateway says it has loaded."""
        command = "docker exec homeport-lab-gateways-nginx-1 curl -s http://127.0.0.1:8081/revision"
        asked = self.lab.host("gate1").run(command)
        answer: dict[str, Any] = json.loads(asked)
        return answer

    def marks(self) -> list[str]:
        """What is drained by the gateway's state."""
        return self.lab.host("gate1").run(f"ls {STORE}/state/gateway/drained").split()

    def write(self, name: str, values: Mapping[str, object]) -> None:
        """Writes a Python file of assignments below the repository."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{key} = {pprint.pformat(value)}\n" for key, value in values.items()]
        path.write_text("".join(lines))


POOL: Mapping[str, object] = {
    "model": "tiny-random",
    "engine": "llamacpp",
    "replicas": 3,
    "context_tokens": 512,
    "slots": 64,
    "batch_tokens": 128,
    "micro_batch_tokens": 64,
    "steady_seconds": 1,
    # Stand-ins have tests of their own, and would double the time of all others.
    "rollout": "shift",
}


@contextmanager
def running_fleet(
    name: str, folder: Path, images: Mapping[str, str], gpu_hosts: int = 2, gateways: int = 1
) -> Iterator[Fleet]:
    """A fresh fleet with nothing deployed; `images` are this machine's, by what they are."""
    with running_lab(name, fleet(gpu_hosts, gateways, image="docker"), registry=True) as lab:
        registry = lab.registry
        assert registry is not None
        for host in lab.hosts:
            registry.trusted_by(host)
        pushed = {
            what: f"{registry.address}/{what}@{registry.push(reference, what)}"
            for what, reference in images.items()
        }
        made = Fleet(lab, folder, pushed)
        _make_repository(made)
        yield made


def engine_image(behaviour: str) -> str:
    """The slow double of llama-server in one of its behaviours."""
    base = image("engine")
    reference = f"{base}-{behaviour.replace(' ', '-')}"
    text = f'FROM {base}\nENV ENGINE_BEHAVIOUR="{behaviour}"\n'
    run("env", "DOCKER_BUILDKIT=0", "docker", "build", "--quiet", "--tag", reference, "-",
        given=text.encode())  # fmt: skip
    return reference


def forget_engine_images(*references: str) -> None:
    """Removes images of behaviours."""
    for reference in references:
        docker("image", "rm", "--force", reference, check=False)


def _make_repository(made: Fleet) -> None:
    for link in ("deploys", "templates", "checks"):
        (made.folder / link).symlink_to(ROOT / link)
    (made.folder / "config.py").write_text((ROOT / "config.py").read_text())
    names = [host.name for host in made.lab.hosts]
    groups = {
        "lab": [
            (h.name, {"ssh_hostname": h.address, "address": h.address}) for h in made.lab.hosts
        ],
        "gpu_hosts": [name for name in names if name.startswith("gpu")],
        "gateways": [name for name in names if name.startswith("gate")],
    }
    made.write("inventories/lab.py", groups)
    models = (ROOT / "inventories/models.yaml").read_text()
    (made.folder / "inventories/models.yaml").write_text(models)
    hardware = {"cpu": {"physical_cores": 2}, "memory_mib": 8192, "gpus": []}
    path = made.folder / "inventories/hardware/lab.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"hosts": dict.fromkeys(names, hardware)}))
    key = made.folder / "load.key"
    key.touch(0o600)
    key.write_text(f"{KEY}\n")


def _run(command: list[str], folder: Path, told: Callable[[str], None], kill_at: str = "") -> Done:
    process = subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYINFRA_PROGRESS": "off", "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )  # fmt: skip
    ending = threading.Timer(LONGEST_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    ending.start()
    lines = []
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        told(lines[-1])
        if kill_at and kill_at in line:
            os.killpg(process.pid, signal.SIGKILL)
    ending.cancel()
    return Done(process.wait(), tuple(lines))
