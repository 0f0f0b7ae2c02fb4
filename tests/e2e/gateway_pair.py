"""Two gateways with TLS that share an address, deployed over SSH; and clients that keep asking."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploys.certificates.entrance import Entrance, client
from tests.e2e.rolling_fleet import KEY, Fleet
from tests.lab.host import LabHost
from tests.lab.machine import run
from tests.lab.network import address

LAB = "pair"
NAME = "llm.lab.example"
SHARED = address(LAB, 100)
PORT = 8443
NGINX = "homeport-lab-gateways-nginx-1"
LONGEST_SECONDS = 30
GATEWAYS = ("gate1", "gate2")
TLS = {
    "names": [NAME],
    "authority": {"certificate": "inventories/authority.pem", "key": "file:.homeport/ca.key"},
}
HEADERS = {"Authorization": f"Bearer {KEY}"}
CHAT = {"model": "chat", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}


def words(**gateway: object) -> dict[str, object]:
    """Group data of two gateways that share an address."""
    shared = {"address": SHARED, "router": 77}
    given = {"port": PORT, "tls": TLS, "shared_address": shared, **gateway}
    return {"gateway": given, "interface": "eth0"}


def way(folder: Path) -> Entrance:
    """The way in for clients."""
    return Entrance(f"https://{SHARED}:{PORT}", NAME, folder / "inventories" / "authority.pem")


def holders(fleet: Fleet) -> list[str]:
    """Which gateways have the shared address now; one that does not run has nothing."""
    return [
        name
        for name in GATEWAYS
        if SHARED in fleet.lab.host(name).run("hostname -I", check=False).split()
    ]


def wait_for_holder(fleet: Fleet, *names: str) -> None:
    """Until one gateway alone has the address; one of `names` where there are any."""
    give_up = time.monotonic() + LONGEST_SECONDS
    while len(found := holders(fleet)) != 1 or found[0] not in (names or GATEWAYS):
        assert time.monotonic() < give_up, (holders(fleet), journal(fleet))
        time.sleep(0.2)


def wait_until_fit(host: LabHost) -> None:
    """Until keepalived takes the host's gateway for well."""
    give_up = time.monotonic() + LONGEST_SECONDS
    while host.run("bash /etc/keepalived/check-gateway && echo well", check=False) != "well":
        assert time.monotonic() < give_up, host.run(f"docker logs --tail 20 {NGINX} 2>&1")
        time.sleep(0.2)
    # keepalived itself believes it after two answers.
    time.sleep(2)


@contextmanager
def cable_pulled(host: LabHost) -> Iterator[None]:
    """Takes the host's link down at its other end, as a dead switch does; the device stays."""
    number = host.run("cat /sys/class/net/eth0/iflink")
    links = [path.parent for path in Path("/sys/class/net").glob("*/ifindex")
             if path.read_text().strip() == number]  # fmt: skip
    run("ip", "link", "set", links[0].name, "down")
    try:
        yield
    finally:
        run("ip", "link", "set", links[0].name, "up")


def journal(fleet: Fleet) -> str:
    """The end of keepalived's log on both."""
    ask = "journalctl --no-pager --lines 15 --unit keepalived"
    return "\n".join(fleet.lab.host(name).run(ask, check=False) for name in GATEWAYS)


@dataclass
class Asked:
    """Requests of a client that opens a connection for each, one after the other."""

    began: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    """When each request began that failed."""
    errors: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def lost_seconds(self, since: float) -> float:
        """From an event to the beginning of the last request that failed; 0 when none did."""
        return max([moment - since for moment in self.failed], default=0.0)


@contextmanager
def asking(fleet: Fleet, patience_seconds: float = 20) -> Iterator[Asked]:
    """A client that asks ten times a second, as long as the block lasts.

    Where no request may be lost it is patient: late on a busy machine is not lost.
    """
    asked, stop = Asked(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            began = time.monotonic()
            asked.began.append(began)
            try:
                # A new connection each: clients that were not there before.
                with client(way(fleet.folder), HEADERS, patience_seconds) as one:
                    asked.statuses.add(one.post("/v1/chat/completions", json=CHAT).status_code)
            except httpx.HTTPError as error:
                asked.failed.append(began)
                asked.errors.append(repr(error))
            time.sleep(0.1)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join()
