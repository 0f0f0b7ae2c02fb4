"""Two gateways with TLS that share an address, deployed over SSH."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploys.certificates.entrance import Entrance
from deploys.render.image_tags import built_reference
from tests.e2e.rolling_fleet import Fleet
from tests.e2e.running_fleet import running_fleet
from tests.lab.host import LabHost
from tests.lab.machine import ROOT, run
from tests.lab.network import address
from tests.lab.waiting import until

LAB = "pair"
NAME = "llm.lab.example"
SHARED = address(LAB, 100)
PORT = 8443
NGINX = "homeport-lab-gateways-nginx-1"
GATEWAYS = ("gate1", "gate2")
TLS = {
    "names": [NAME],
    "authority": {"certificate": "inventories/authority.pem", "key": "file:.homeport/ca.key"},
}
POOL: Mapping[str, object] = {"replicas": 2, "drain_seconds": 5}


def words(**gateway: object) -> dict[str, object]:
    """Group data of two gateways that share an address."""
    shared = {"address": SHARED, "router": 77}
    given = {"port": PORT, "tls": TLS, "shared_address": shared, **gateway}
    return {"gateway": given, "interface": "eth0"}


def way(fleet: Fleet, at: str = SHARED) -> Entrance:
    """The way in for clients; by the address of one gateway, or by the one that they share."""
    authority = fleet.folder / "inventories" / "authority.pem"
    return Entrance(f"https://{at}:{PORT}", NAME, authority)


@contextmanager
def running_pair(folder: Path, nginx_image: str) -> Iterator[Fleet]:
    """An engine's host and two gateways, with real engines, applied."""
    images = {
        "llamacpp": built_reference("llamacpp", ROOT / "deploys" / "images"),
        "nginx": nginx_image,
    }
    with running_fleet(LAB, folder, images, gpu_hosts=1, gateways=2) as made:
        made.write("inventories/group_data/lab.py", words())
        done = made.homeport("authority", "lab")
        assert done.code == 0, done.text
        made.render("llamacpp", words=words(), **POOL)
        done = made.apply()
        assert done.code == 0, done.text
        wait_for_holder(made)
        yield made


def holders(fleet: Fleet) -> list[str]:
    """Which gateways have the shared address now; one that does not run has nothing."""
    return [
        name
        for name in GATEWAYS
        if SHARED in fleet.lab.host(name).run("hostname -I", check=False).split()
    ]


def wait_for_holder(fleet: Fleet, *names: str) -> None:
    """Until one gateway alone has the address; one of `names` where there are any."""
    until(
        lambda: holders(fleet) in [[name] for name in names or GATEWAYS],
        every_seconds=0.2,
        account=lambda: (holders(fleet), journal(fleet)),
    )


def wait_until_fit(host: LabHost) -> None:
    """Until keepalived takes the host's gateway for well."""
    check = "bash /etc/keepalived/check-gateway && echo well"
    until(
        lambda: host.run(check, check=False) == "well",
        every_seconds=0.2,
        account=lambda: host.run(f"docker logs --tail 20 {NGINX} 2>&1"),
    )
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
