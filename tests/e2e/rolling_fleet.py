"""Two GPU hosts and a gateway over SSH, deployed by the command as a user would: for rollouts."""

import json
import pprint
import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.told_command import Done, run_told
from tests.lab.inventory import connection_data
from tests.lab.lab import Lab
from tests.lab.machine import ROOT

KEY = "hp-rolling-test"
STORE = "/srv/homeport"
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
        self,
        *words: str,
        told: Callable[[str], None] = lambda line: None,
        kill_at: str = "",
        by: signal.Signals = signal.SIGKILL,
    ) -> Done:
        """Runs a verb; `told` gets each line as it comes. At the line `kill_at` all of it gets the
        signal `by`.
        """
        command = [str(ROOT / ".venv/bin/homeport"), *words]
        return run_told(command, self.folder, told, kill_at, by)

    def apply(self, *words: str, told: Callable[[str], None] = lambda line: None) -> Done:
        """Applies what is committed, without the checks afterwards."""
        return self.homeport("apply", "lab", "--no-verify", *words, told=told)

    def pyinfra(self, deploy: str = "deploys/site.py", *words: str) -> Done:
        """The same without the command."""
        command = [str(Path(sys.executable).with_name("pyinfra")), "-y", *words]
        return run_told([*command, "inventories/lab.py", deploy], self.folder, lambda line: None)

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

    def locks(self) -> dict[str, str]:
        """The run that holds the lock of each host that is locked."""
        read = f"sed --quiet '2p' {STORE}/lock 2>/dev/null || true"
        found = {host.name: host.run(read) for host in self.lab.hosts}
        return {name: str(json.loads(line)["run"]) for name, line in found.items() if line}

    def last_audit(self, name: str) -> str:
        """How the last run ended on a host, by its audit log."""
        line = self.lab.host(name).run(f"tail --lines 1 {STORE}/audit.log")
        return str(json.loads(line)["outcome"])

    def write(self, name: str, values: Mapping[str, object]) -> None:
        """Writes a Python file of assignments below the repository."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{key} = {pprint.pformat(value)}\n" for key, value in values.items()]
        path.write_text("".join(lines))
