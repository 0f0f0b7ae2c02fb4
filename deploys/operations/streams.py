"""The answers that a replica is giving: how many, whether they have ended, and which were cut."""

import ipaddress
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.host import Host

from deploys.operations.gateways import Gateway
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.other_host import CommandFailed, run
from deploys.questions.nginx import BROKEN_OFF

# Where engines listen, and /proc/net/tcp's word for an established connection.
_PORT, _ESTABLISHED = 8080, "01"
# Instead of a container, of engines on the host's own network.
HOSTS_OWN = "host"
# After a reload nginx's old workers take one more request on each idle connection that a client
# keeps, for as long as keepalive_min_timeout in public.conf; it may go to a drained replica.
OLD_WORKERS_SECONDS = 11
_POLL_SECONDS = 1.0


Moment = tuple[Gateway, str]
"""Unix time by a gateway's own clock."""


@dataclass(frozen=True)
class Cut:
    """One answer that was broken off."""

    request_id: str
    client: str

    def __str__(self) -> str:
        return f"{self.request_id} (client {self.client})"


def running(target: Host, container: str, listens: str = "") -> int:
    """How many connections from outside its container a replica serves.

    The kernel's own count, the same for every engine; asking from inside the container does not
    count. Gateways that use the replica may keep some for their next request (pools.conf). Each is
    an answer once they have loaded that it is drained: then idle ones are closed, and none is kept.
    `listens`: ADDRESS:PORT of an engine on the host's own network.
    """
    tables = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true"
    command = StringCommand("docker exec", QuoteString(container), tables)
    return count_connections(run(target, command).splitlines(), _port(listens))


def _port(listens: str) -> int:
    return int(listens.rpartition(":")[2] or _PORT)


def count_connections(lines: Sequence[str], port: int = _PORT) -> int:
    """Established connections to a port from elsewhere in the lines of /proc/net/tcp{,6}."""
    columns = (line.split() for line in lines)
    return sum(
        one[1].endswith(f":{port:04X}") and one[3] == _ESTABLISHED and not _is_loopback(one[2])
        for one in columns
        if len(one) > 3
    )


def _is_loopback(address: str) -> bool:
    # The kernel writes each four bytes in the machine's own order, and all our hosts are x86-64.
    place = address.partition(":")[0]
    words = (bytes.fromhex(place[start : start + 8])[::-1] for start in range(0, len(place), 8))
    found = ipaddress.ip_address(b"".join(words))
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def close_door(target: Host, container: str, listens: str = "") -> bool:
    """Has a replica take no new connection; False where the host does not allow that (no root)."""
    try:
        run(target, run_script(SCRIPTS / "door", "close", *_door(container, listens)))
    except CommandFailed:
        return False
    return True


def open_door(target: Host, container: str, listens: str = "") -> None:
    """Has a replica take connections again; where it could not be closed there is nothing to do."""
    try:
        run(target, run_script(SCRIPTS / "door", "open", *_door(container, listens)))
    except CommandFailed:
        return


def _door(container: str, listens: str) -> tuple[str, ...]:
    return (HOSTS_OWN, listens) if listens else (container,)


def wait_until_idle(
    target: Host,
    container: str,
    gateways: Sequence[Gateway],
    limit_seconds: int,
    listens: str = "",
) -> int:
    """Waits until a drained replica answers nobody; how many it still answers at the limit.

    Behind a closed door the limit begins at once: what is cut has had all of it. Without one it
    begins when nginx's old workers have ended, or can't bring much more.
    """
    began = time.monotonic()
    ends = began + limit_seconds if close_door(target, container, listens) else None
    while True:
        now = time.monotonic()
        if ends is None and (now - began >= OLD_WORKERS_SECONDS or not _have_old_workers(gateways)):
            ends = now + limit_seconds
        left = running(target, container, listens)
        if ends is not None and (left == 0 or now >= ends):
            return left
        time.sleep(_POLL_SECONDS if ends is None else min(_POLL_SECONDS, max(0.1, ends - now)))


def wait_for_old_workers(gateways: Sequence[Gateway], limit_seconds: int) -> None:
    """Waits until no worker of nginx has an older configuration, or hardly any request meets it.

    In those the replica that was restored last is still down. Where it and the next one to be
    drained are the whole pool, a request that meets them has nowhere to go; in a pool of three all
    of them met the third, and 17 of 104 clients got 503. After the limit only clients are left
    whose answer has outlived it.
    """
    ends = time.monotonic() + max(limit_seconds, OLD_WORKERS_SECONDS)
    while time.monotonic() < ends and _have_old_workers(gateways):
        time.sleep(_POLL_SECONDS)


def _have_old_workers(gateways: Sequence[Gateway]) -> bool:
    # The brackets keep the command from finding itself.
    script = "cat /proc/[0-9]*/cmdline 2>/dev/null | grep -ac 'shuttin[g] down' || true"
    return any(
        run(one.host, one.inside(StringCommand("sh -c", QuoteString(script)))).strip() != "0"
        for one in gateways
    )


def cut_answers(since: Sequence[Moment], addresses: Sequence[str]) -> list[Cut]:
    """The answers of a replica (ADDRESS:PORT of its) that were broken off, by the access logs.

    Each gateway is asked from a moment of its own clock on: seconds before now would begin when the
    question arrives, which on a slow way is after what it asks for.
    """
    found = []
    for one, moment in since:
        output = run(one.host, one.logs(moment))
        found += broken_off(output.splitlines(), addresses)
    return found


def broken_off(lines: Sequence[str], addresses: Sequence[str]) -> list[Cut]:
    """Answers in a gateway's logs that one of `addresses` began and broke off.

    The error log knows which connections, the access log which requests those were: the last ones,
    for nginx closes a connection whose answer it cannot end.
    """
    broken = {
        match[1]
        for line in lines
        if (match := re.search(BROKEN_OFF, line)) is not None and match[2] in addresses
    }
    requests: dict[str, Cut] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            if str(entry["connection"]) in broken:
                requests[str(entry["connection"])] = Cut(entry["request_id"], entry["client"])
        except (ValueError, LookupError, TypeError):
            continue
    return list(requests.values())
