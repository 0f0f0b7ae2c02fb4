"""A fleet over SSH whose gateway has its certificate by ACME; Pebble runs on one of its hosts."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from checks.probes.certificate import served_certificate
from checks.probes.gateway import Gateway
from deploys.certificates.authority import issued, new_key, self_signed
from deploys.certificates.entrance import Entrance
from deploys.certificates.reading import Certificate, now
from deploys.render.image_tags import built_reference
from deploys.settings.secrets import Secret
from tests.certificates.issuing import key_alone, without_key
from tests.e2e.acme_lab import CONFIGURATION, EMAIL, NAME, acme_image, unverified
from tests.e2e.gateway_tree import GATEWAY_UID
from tests.e2e.rolling_fleet import STORE, Fleet
from tests.e2e.running_fleet import running_fleet
from tests.lab.host import File, LabHost, text_file
from tests.lab.images import image
from tests.lab.machine import ROOT
from tests.lab.waiting import until

LAB = "acme"
IMAGES = ("llamacpp", "nginx", "acme")
NAMES = (NAME, "api.lab.example", "chat.lab.example")
PORT = 8443
# What containers on the lab's hosts call the one that Pebble runs on.
SERVER = "gpu1.lab"
AUTHORITY = "inventories/site.pem"
CLIENT = "homeport-lab-gateways-acme-1"
NGINX = "homeport-lab-gateways-nginx-1"
KEPT = f"{STORE}/secrets/acme"
ANSWERS = f"{STORE}/state/gateway/answers"
COUNTERS = f"{STORE}/state/gateway/counters"
VALID_DAYS = 90
# Each worker rereads the file by itself (ssl_certificate_cache of templates/nginx/tls.conf.j2).
CACHED_SECONDS = 10
# Behind the port that Docker publishes.
REFUSED = "DOCKER-USER -p tcp --dport 14000 -j REJECT --reject-with tcp-reset"


@dataclass(frozen=True)
class AcmeFleet:
    """The fleet, and the key of the site's own authority."""

    fleet: Fleet
    site_key: str

    @property
    def gateway(self) -> LabHost:
        """The host that has the certificate."""
        return self.fleet.lab.host("gate1")

    @property
    def site(self) -> Path:
        """What clients and the ACME client trust: the site's authority, then Pebble's."""
        return self.fleet.folder / AUTHORITY

    def commit(self, *names: str, njs: bool = True) -> None:
        """Renders the environment with a certificate for these names, and with what the gateway
        writes down: tokens of clients, and answers; without njs it does neither.
        """
        directory = f"https://{SERVER}:14000/dir"
        acme = {"directory": directory, "email": EMAIL, "authority": AUTHORITY}
        gateway = {
            "address": self.gateway.address,
            "port": PORT,
            "tls": {"names": names, "acme": acme},
            "tiers": {
                "team": {"tokens_per_day": 1_000_000} if njs else {"concurrent_requests": 16}
            },
            "njs": njs,
        }
        words = {
            "gateway": gateway,
            "images": {name: {"reference": self.fleet.images[name]} for name in IMAGES},
            "clients": {"load": {"key": "file:load.key", "tier": "team"}},
        }
        keeps = "by_client" if njs else None
        self.fleet.render("llamacpp", words=words, replicas=1, rollout=None, answer_cache=keeps)

    def way(self, name: str = NAME) -> Entrance:
        """The way in for whoever trusts what the site does."""
        return Entrance(f"https://{self.gateway.address}:{PORT}", name, self.site)

    def served(self) -> Certificate:
        """What the gateway shows."""
        return served_certificate(Gateway("gate1", self.way(), Secret("")))

    def until_shown(self, fits: Callable[[Certificate], bool]) -> None:
        """Waits until every worker of nginx shows a certificate that fits."""
        since: list[float] = []

        def is_steady() -> bool:
            if not fits(self.served()):
                since.clear()
                return False
            since.append(time.monotonic())
            return since[-1] - since[0] > CACHED_SECONDS

        until(is_steady, every_seconds=0.5)

    @contextmanager
    def server_down(self) -> Iterator[None]:
        """Pebble's host refuses whoever wants to connect; Pebble forgets nothing meanwhile."""
        host = self.fleet.lab.host("gpu1")
        host.run(f"iptables -I {REFUSED}")
        try:
            yield
        finally:
            host.run(f"iptables -D {REFUSED}")

    def age(self, days_left: float) -> None:
        """Has client and nginx find the certificate of a client that has failed for weeks."""
        begun = now() - timedelta(days=VALID_DAYS - days_left)
        text = issued(self.site_key, self.site.read_bytes(), (NAME,), VALID_DAYS, begun)
        kept = f"{KEPT}/certificates/{NAME}"
        files = {
            f"{kept}.crt": without_key(text), f"{kept}.key": key_alone(text), f"{kept}.pem": text,
        }  # fmt: skip
        self.gateway.put({
            path: File(content.encode(), 0o600, GATEWAY_UID)
            for path, content in {**files, f"{KEPT}/tls.pem": text}.items()
        })  # fmt: skip

    def end_pause(self) -> None:
        """What the client waits for between two attempts is over."""
        found = f"docker top {CLIENT} -o pid,comm | awk '$2 == \"sleep\" {{ print $1 }}'"
        until(lambda: self.gateway.run(found))
        process = self.gateway.run(found)
        self.gateway.run(f"kill {process}")
        # Until the client has taken note, too, so that the next pause is another one.
        until(lambda: not self.gateway.run(f"kill -0 {process} && echo there", check=False))

    def container(self, name: str) -> str:
        """Which one it is, and since when it runs."""
        return self.gateway.run(
            f"docker inspect --format '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {name}"
        )


@contextmanager
def running_acme_fleet(folder: Path, nginx_image: str) -> Iterator[AcmeFleet]:
    """The fleet until the block ends: Pebble runs, all is committed, and nothing was applied."""
    images = {
        "llamacpp": built_reference("llamacpp", ROOT / "deploys" / "images"),
        "nginx": nginx_image,
        "acme": acme_image(),
        "pebble": image("pebble"),
    }
    with running_fleet(LAB, folder, images, gpu_hosts=1) as made:
        acme = AcmeFleet(made, new_key())
        site = self_signed(acme.site_key, "site", now())
        acme.site.write_text(site)
        acme.site.write_text(site + _start_pebble(acme))
        acme.commit(NAME)
        yield acme


def _start_pebble(acme: AcmeFleet) -> str:
    """Runs it on gpu1; the certificate of the authority that it makes for itself."""
    host, gateway = acme.fleet.lab.host("gpu1"), acme.gateway.address
    own = issued(acme.site_key, acme.site.read_bytes(), (SERVER,), VALID_DAYS, now())
    configuration = json.dumps({"pebble": {**CONFIGURATION, "httpPort": 80}})
    host.put({
        "/srv/pebble/tls.pem": text_file(own),
        "/srv/pebble/config.json": text_file(configuration),
    })  # fmt: skip
    known = " ".join(f"--add-host={name}:{gateway}" for name in NAMES)
    publish = "--publish=14000:14000 --publish=15000:15000"
    mount = "--volume=/srv/pebble:/pebble:ro"
    host.run(f"docker run --detach --name=pebble {publish} {known} {mount} "
             f"{acme.fleet.images['pebble']}")  # fmt: skip
    root = f"https://{host.address}:15000/roots/0"
    found: list[str] = []

    def answers() -> bool:
        try:
            found.append(httpx.get(root, verify=unverified()).raise_for_status().text)
        except httpx.HTTPError:
            return False
        return True

    until(answers, account=lambda: host.run("docker logs pebble 2>&1"))
    return found[0]
