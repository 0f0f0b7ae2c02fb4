"""A host with engines and a gateway, without Docker and nginx: the watch sees no difference."""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploys.operations.host_script import SCRIPTS
from deploys.watching import engines, exchange, main
from deploys.watching.commands import Place
from deploys.watching.limits import Limits
from deploys.watching.memory import Remembered, load
from tests.lab.waiting import LONGEST_SECONDS
from tests.watching.engine import Engine, serving
from tests.watching.looks import BEGIN, LIMITS

# What nginx has loaded is what it was told last, as with deploys/operations/scripts/reload-gateway.
DOCKER = """\
#!/bin/bash
cd {root} || exit 1
[ ! -e broken ] || {{ echo "Cannot connect to the Docker daemon" >&2; exit 1; }}
case "$*" in
  "ps --quiet --no-trunc"*) cut -d @ -f 1 containers ;;
  "ps --quiet"*) echo gateway ;;
  "inspect"*) cat containers ;;
  "restart -t 10 "*) echo "${{@: -1}}" >>restarts; sed -i "s/^${{@: -1}}@/&again/" containers ;;
  *"kill --signal HUP"*) [ ! -e stuck ] || exit 1; echo reload >>reloads
    cp {store}/state/gateway/loaded.conf served ;;
  *"/revision"*) cat served ;;
  "exec gateway curl"*) echo "$*" >>proofs; cat answer ;;
  *) echo "unexpected: $*" >&2; exit 64 ;;
esac
"""
POOLS = """\
upstream pool_chat {
    server chat-1:8080 max_conns=4; # chat-1
    server chat-2:8080 max_conns=4; # chat-2
}
"""
RIGHT = json.dumps({"choices": [{"message": {"content": "Aye."}}]}) + "\n200"


@dataclass
class WatchedHost:
    """The host, its engines by name, and the time that it is there."""

    root: Path
    engines: dict[str, Engine]
    now: float = BEGIN
    limits: Limits = LIMITS

    @property
    def store(self) -> Path:
        """The kit's folder."""
        return self.root / "store"

    @property
    def place(self) -> Place:
        """As the program finds it."""
        return Place(str(self.store), str(self.store / "releases" / "one" / "watch"))

    def look(self, times: int = 1) -> list[str]:
        """Some looks; the marks that there are then."""
        for _ in range(times):
            main.run(self.place, words(limits=vars(self.limits)), self.now)
            self.now += LIMITS.look_seconds
        folder = self.store / "state" / "gateway" / "drained"
        return sorted(path.name for path in folder.iterdir())

    def lines(self, name: str) -> list[str]:
        """What Docker was asked to do: `restarts`, `reloads`, `proofs`."""
        file = self.root / name
        return file.read_text().splitlines() if file.exists() else []

    def mark(self, mark: str) -> None:
        """As `homeport drain` or a run does."""
        (self.store / "state" / "gateway" / "drained" / mark).write_text("{}")

    @property
    def remembered(self) -> Remembered:
        """What the last look has left."""
        return load(f"{self.place.state}/seen.json")

    @property
    def audit(self) -> list[str]:
        """The outcome of each line of the audit log."""
        file = self.store / "audit.log"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["outcome"] for line in lines]

    @property
    def pools(self) -> str:
        """What nginx includes."""
        (file,) = (self.store / "state" / "gateway" / "pools").glob("*.conf")
        return file.read_text()


def words(**more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """What a release tells the watch."""
    url = "http://chat-1:8080/v1/chat/completions"
    asked = {"url": url, "body": "{}", "kind": "generation"}
    return {
        "environment": "small",
        "host": "gate1",
        "limits": vars(LIMITS),
        "textfile_directory": "",
        "engines": {
            "project": "engines",
            "replicas": {"chat-1": [], "chat-2": []},
            "gateways": ["gate1"],
            "addresses": {},
        },
        "gateway": {
            "project": "gateways",
            "service": "nginx",
            "port": 8999,
            "hosts": {},
            "pools": {"chat": ["chat-1", "chat-2"]},
            "replicas": {"chat-1": asked, "chat-2": asked},
        },
        **more,
    }


@contextmanager
def watched_host(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedHost]:
    """Two replicas on 127.0.0.1 and 127.0.0.2, both well."""
    host = WatchedHost(root, {"chat-1": Engine(), "chat-2": Engine(ready="/readyz")})
    _files(host)
    monkeypatch.setenv("PATH", f"{root / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin")
    servers = [serving("127.0.0.1", 0, host.engines["chat-1"])]
    port = servers[0].server_address[1]
    servers.append(serving("127.0.0.2", port, host.engines["chat-2"]))
    monkeypatch.setattr(engines, "PORT", port)
    # What answers here does so, however starved it is.
    monkeypatch.setattr(engines, "ANSWER_SECONDS", LONGEST_SECONDS)
    monkeypatch.setattr(exchange, "SECONDS", LONGEST_SECONDS)
    try:
        yield host
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _files(host: WatchedHost) -> None:
    program = Path(host.place.program)
    for folder in (program, program.parent / "nginx", host.root / "bin"):
        folder.mkdir(parents=True)
    (host.store / "state" / "gateway" / "drained").mkdir(parents=True)
    Path(host.place.state).mkdir(parents=True)
    (host.store / "gateway").mkdir()
    (host.store / "gateway" / "current").symlink_to("../releases/one/nginx")
    (program.parent / "nginx" / "pools.conf").write_text(POOLS)
    for name in ("set-drains", "reload-gateway"):
        (program / name).write_text((SCRIPTS / name).read_text())
    (host.root / "containers").write_text(
        "id1@1 chat-1 false healthy http://127.0.0.1:8080/health 127.0.0.1\n"
        "id2@1 chat-2 false healthy http://127.0.0.1:8080/readyz 127.0.0.2\n"
    )
    (host.root / "answer").write_text(RIGHT)
    docker = host.root / "bin" / "docker"
    docker.write_text(DOCKER.format(root=host.root, store=host.store))
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
