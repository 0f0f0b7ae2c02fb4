"""A gateway and a host with engines that know each other by one TCP connection alone."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploys.watching import main
from deploys.watching.commands import Place
from tests.render.gateway_files import write_files
from tests.render.watch_plans import texts_on_a_host, two_hosts
from tests.watching.watched_host import WatchedHost, words

# Between two looks at least: the listener has the time of this machine, which may be a busy one.
STEP_SECONDS = 5
LIMITS = {**words()["limits"], "silent_seconds": 10}


@dataclass
class Fleet:
    """`gate1` without engines, and `gpu1` with two."""

    gate: WatchedHost
    gpu: Place
    engines: dict[str, Any]
    gateway: dict[str, Any]
    now: float

    def look_at_engines(self, times: int = 1) -> None:
        """As gpu1's timer has it looked."""
        for _ in range(times):
            main.run(self.gpu, self.engines, self.now)
            self.now = max(self.now + STEP_SECONDS, time.time())

    def look_at_pools(self) -> list[str]:
        """As gate1's timer has it looked; the marks that there are then."""
        main.run(self.gate.place, self.gateway, self.now)
        folder = self.gate.store / "state" / "gateway" / "drained"
        return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def fleet(host: WatchedHost) -> Iterator[Fleet]:
    """All is well, and both have looked."""
    program = host.root / "gpu1/releases/one/watch"
    write_files(texts_on_a_host(two_hosts(), "gpu1"), program)
    (host.root / "gpu1/state/watch").mkdir(parents=True)
    engines = {**words()["engines"], "addresses": {"127.0.0.1": "gate1"}}
    at_gpu = words(host="gpu1", gateway=None, engines=engines, limits=LIMITS)
    (program / "words.json").write_text(json.dumps(at_gpu))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answering, args=(listener, program), daemon=True).start()
        hosts = {"hosts": {"gpu1": "127.0.0.1"}, "port": listener.getsockname()[1]}
        gateway = words(engines=None, gateway={**words()["gateway"], **hosts}, limits=LIMITS)
        gpu = Place(str(host.root / "gpu1"), str(program))
        found = Fleet(host, gpu, at_gpu, gateway, time.time())
        found.look_at_engines()
        assert found.look_at_pools() == []
        yield found
        listener.shutdown(socket.SHUT_RDWR)


def _answering(listener: socket.socket, program: Path) -> None:
    """As systemd does with `Accept=yes`: the program, for each connection."""
    command = [sys.executable, "-I", "-B", str(program), "answer"]
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            subprocess.run(
                command, stdin=connection.fileno(), stdout=connection.fileno(), check=True
            )


def test_a_hung_replica_elsewhere_is_taken_out_and_then_restarted_there(fleet: Fleet) -> None:
    fleet.gate.engines["chat-1"].health = 0
    fleet.look_at_engines(3)
    # Nobody has let go of it yet.
    assert fleet.gate.lines("restarts") == []
    assert fleet.look_at_pools() == ["chat-1.watch"]
    fleet.look_at_engines()
    assert fleet.gate.lines("restarts") == []
    # The gateway's next look says so.
    assert fleet.look_at_pools() == ["chat-1.watch"]
    fleet.look_at_engines()
    assert fleet.gate.lines("restarts") == ["id1"]
    fleet.gate.engines["chat-1"].health = 200
    fleet.look_at_engines()
    assert fleet.look_at_pools() == []
    assert fleet.gate.audit == ["chat-1 taken out", "chat-1 let back"]
    log = Path(fleet.gpu.directory, "audit.log").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in log] == ["chat-1 restarted"]


def test_a_gateway_that_is_gone_has_nothing_restarted(fleet: Fleet) -> None:
    """Whoever drained something there cannot be asked."""
    (Path(fleet.gpu.state) / "heard" / "gate1.json").unlink()
    fleet.gate.engines["chat-1"].health = 0
    fleet.look_at_engines(5)
    assert fleet.gate.lines("restarts") == []


def test_a_host_whose_watch_has_stopped_has_its_replicas_left_where_they_are(fleet: Fleet) -> None:
    fleet.gate.engines["chat-1"].health = 0
    fleet.look_at_engines(3)
    seen = Path(fleet.gpu.state) / "seen.json"
    document = json.loads(seen.read_text())
    seen.write_text(json.dumps({**document, "at": document["at"] - 300}))
    assert fleet.look_at_pools() == []
    seen.write_text(json.dumps(document)[:50])
    assert fleet.look_at_pools() == []
    seen.write_text(json.dumps(document))
    assert fleet.look_at_pools() == ["chat-1.watch"]
