"""Asks the containers of a gateway what they can reach, and the egress hop what has left."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.probes.host import run
from deploys.render.release_gateway import EgressRelease
from deploys.settings.inventory import InventoryHost

# A TCP handshake around the earth takes a third of a second.
CONNECT_SECONDS = 4
_DOOR = Path(__file__).parents[2] / "deploys" / "operations" / "scripts" / "door"


@dataclass(frozen=True)
class Reached:
    """Which containers could connect to one address of the provider."""

    address: str
    """Empty: the egress hop finds none for the provider's name."""
    by_egress: bool
    by_gateway: bool


def reached(host: InventoryHost, project: str, egress: EgressRelease) -> Reached:
    """Connects from both containers to the address that the egress hop finds; raises Unreachable.

    Both are asked at the same time by the same program, so that a wrong answer of one shows.
    """
    name, _, port = egress.server.rpartition(":")
    curl = (
        f"curl --silent --insecure --output /dev/null --connect-timeout {CONNECT_SECONDS} "
        f'--max-time {CONNECT_SECONDS + 2} --write-out "%{{time_connect}}"'
    )
    script = (
        f"{_containers(project)}"
        f'address=$(docker exec "$(id egress)" getent ahostsv4 {shlex.quote(name)} '
        "| head -n 1 | cut -d ' ' -f 1); "
        'echo "address $address"; [ -z "$address" ] || for one in egress nginx; do '
        f'echo "$one $(docker exec "$(id $one)" {curl} "https://$address:{port}/")"; done'
    )
    found = dict(line.partition(" ")[::2] for line in run(host, script).splitlines())
    connected = {one: float(found.get(one) or 0) > 0 for one in ("egress", "nginx")}
    return Reached(found.get("address", "").strip(), connected["egress"], connected["nginx"])


def spent(host: InventoryHost, project: str) -> tuple[Mapping[str, Any], ...]:
    """Where each cap of the budget stands, as the egress hop says; raises Unreachable."""
    script = (
        f'{_containers(project)}docker exec "$(id egress)" '
        "curl --silent --max-time 5 http://127.0.0.1:8081/spent; echo"
    )
    try:
        return tuple(json.loads(run(host, script))["caps"])
    except (ValueError, KeyError, TypeError):
        return ()


def recorded(host: InventoryHost, project: str, request_ids: list[str]) -> set[str]:
    """Those of the requests that are in the record of what has left; raises Unreachable."""
    words = " ".join(f"-e {shlex.quote(one)}" for one in request_ids)
    script = (
        f'{_containers(project)}docker exec "$(id egress)" '
        f"grep --no-filename --fixed-strings {words} -r /srv/homeport/state/egress; echo"
    )
    text = run(host, script)
    return {one for one in request_ids if one in text}


def doors(host: InventoryHost, containers: list[str], word: str) -> None:
    """Closes (`close`) or opens (`open`) containers to new connections; raises Unreachable."""
    door = shlex.quote(_DOOR.read_text())
    done = " && ".join(f"$root bash -c {door} door {word} {shlex.quote(one)}" for one in containers)
    script = f'root=; [ "$(id -u)" = 0 ] || root="sudo -n"; {done} && echo done'
    run(host, script)


def _containers(project: str) -> str:
    """sh: a function that gives the id of one service's container."""
    label = shlex.quote(f"label=com.docker.compose.project={project}")
    return (
        f"id() {{ docker ps --quiet --filter {label} "
        '--filter "label=com.docker.compose.service=$1" | head -n 1; }; '
    )
