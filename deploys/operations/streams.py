"""The answers that a replica is giving: how many, whether they have ended, and which were cut."""

import ipaddress
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.host import Host

from deploys.operations.gateways import Gateway
from deploys.operations.other_host import run

# Port 8080 as /proc/net/tcp writes it, and its word for an established connection.
_PORT, _ESTABLISHED = "1F90", "01"
# After a reload nginx's old workers take one more request on each connection that is kept alive,
# for as long as keepalive_min_timeout in public.conf; that request may go to a drained replica.
OLD_WORKERS_SECONDS = 11
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Cut:
    """One answer that was broken off."""

    request_id: str
    client: str

    def __str__(self) -> str:
        return f"{self.request_id} (client {self.client})"


def running(target: Host, container: str) -> int:
    """How many connections from outside its container a replica serves.

    The kernel's own count, the same for every engine. A gateway opens one for each answer, and
    closes idle ones within 4 s; asking from inside the container does not count.
    """
    tables = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true"
    command = StringCommand("docker exec", QuoteString(container), tables)
    return count_connections(run(target, command).splitlines())


def count_connections(lines: Sequence[str]) -> int:
    """Established connections to port 8080 from elsewhere in the lines of /proc/net/tcp{,6}."""
    columns = (line.split() for line in lines)
    return sum(
        one[1].endswith(f":{_PORT}") and one[3] == _ESTABLISHED and not _is_loopback(one[2])
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


def wait_until_idle(
    target: Host, container: str, gateways: Sequence[Gateway], limit_seconds: int
) -> int:
    """Waits until a drained replica answers nobody; how many it still answers at the limit."""
    began = time.monotonic()
    while True:
        left = running(target, container)
        waited = time.monotonic() - began
        if left == 0 and (waited >= OLD_WORKERS_SECONDS or not _have_old_workers(gateways)):
            return 0
        if waited >= limit_seconds:
            return left
        time.sleep(min(_POLL_SECONDS, max(0.1, limit_seconds - waited)))


def _have_old_workers(gateways: Sequence[Gateway]) -> bool:
    # The brackets keep the command from finding itself.
    script = "cat /proc/[0-9]*/cmdline 2>/dev/null | grep -ac 'shuttin[g] down' || true"
    return any(
        run(one.host, one.inside(StringCommand("sh -c", QuoteString(script)))).strip() != "0"
        for one in gateways
    )


def cut_answers(
    gateways: Sequence[Gateway], addresses: Sequence[str], since_seconds: float
) -> list[Cut]:
    """The answers of a replica (ADDRESS:PORT of its) that were broken off, by the access logs."""
    found = []
    for one in gateways:
        output = run(one.host, one.logs(int(since_seconds) + 1))
        found += broken_off(output.splitlines(), addresses)
    return found


def broken_off(lines: Sequence[str], addresses: Sequence[str]) -> list[Cut]:
    """Answers in an access log that began and did not end, and came from one of `addresses`."""
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
            cut = entry["status"] == 200 and entry["complete"] != "OK"
            last = entry["upstream"].split(",")[-1].strip()
            if cut and last in addresses:
                found.append(Cut(entry["request_id"], entry["client"]))
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
    return found
