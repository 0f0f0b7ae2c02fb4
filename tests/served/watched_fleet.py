"""A fleet with a watch on each host: what it has done there, told, and remembered."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab.served import NAME, STORE, Served
from tests.lab.waiting import until
from tests.served.webhook import Webhook

# Of node exporter's textfile collector, which need not run for that.
TEXTFILES = "/var/lib/textfiles"
SECRET = ".homeport/watch-webhook"
# Patient enough for a machine that is busy with other tests as well.
WATCH: dict[str, Any] = {
    "look_seconds": 5,
    "silent_seconds": 20,
    "stuck_seconds": 60,
    "restarts_per_hour": 2,
    "webhook": f"file:{SECRET}",
    "textfile_directory": TEXTFILES,
}
# How many replicas the watch keeps out at a gateway.
OUT = f'homeport_watch_out{{environment="{NAME}"}}'
# What is told, and counted, of an engine that hangs once.
MENDED = (
    ("gpu1", "chat-1", "found silent"),
    ("gate1", "chat-1", "taken out"),
    ("gpu1", "chat-1", "restarted"),
    ("gate1", "chat-1", "let back"),
)


def gateway_knows_all_to_be_well(served: Served) -> None:
    def well() -> bool:
        seen = remembered(served, "gate1").get("seen", {})
        return {name: one["state"] for name, one in seen.items()} == {
            "chat-1": "well",
            "chat-2": "well",
        }

    until(well, every_seconds=1, account=lambda: account(served))


def remembered(served: Served, name: str) -> dict[str, Any]:
    """What the last look on a host has left; nothing before the first."""
    text = served.host(name).run(f"cat {STORE}/state/watch/seen.json", check=False)
    found: dict[str, Any] = json.loads(text) if text else {}
    return found


def wait_for_a_look(served: Served, name: str) -> None:
    last = remembered(served, name)["at"]
    until(
        lambda: remembered(served, name)["at"] > last,
        every_seconds=1,
        account=lambda: account(served),
    )


def account(served: Served) -> str:
    """What the watch of each host has said."""
    look = f"journalctl --no-pager -n 40 -u 'homeport-watch-*'; cat {STORE}/state/watch/*.json"
    return "\n".join(f"{host.name}: {host.run(look, check=False)}" for host in served.lab.hosts)


def marks(served: Served) -> list[str]:
    """Of all that is drained at the gateway."""
    return served.host("gate1").run(f"ls {STORE}/state/gateway/drained").split()


def workers(served: Served) -> set[str]:
    """PIDs of the gateway's workers that take connections: those that end say so in their title."""
    lines = served.host("gate1").run("ps -C nginx -o pid=,args=").splitlines()
    return {line.split()[0] for line in lines if line.rstrip().endswith("nginx: worker process")}


def audit(served: Served, name: str) -> list[str]:
    """Outcomes of the watch's lines on a host."""
    lines = served.host(name).run(f"cat {STORE}/audit.log").splitlines()
    entries = [json.loads(line) for line in lines]
    return [entry["outcome"] for entry in entries if entry["action"] == "watch"]


@contextmanager
def told(served: Served, name: str, *outcomes: str) -> Iterator[None]:
    """Waits at its end until the watch of a host has told of just that since its beginning."""
    before = audit(served, name)
    yield
    until(
        lambda: audit(served, name) == [*before, *outcomes],
        every_seconds=0.5,
        account=lambda: account(served),
    )


def restarts(served: Served) -> list[object]:
    """What the watch has restarted, and when."""
    return [remembered(served, name).get("restarts") for name in ("gpu1", "gpu2")]


def metrics(served: Served, name: str) -> dict[str, float]:
    """Series -> number, of the file that a host's watch has written for node exporter."""
    text = served.host(name).run(f"cat {TEXTFILES}/homeport-watch-{NAME}.prom")
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {series: float(number) for series, _, number in lines}


def events(served: Served, name: str) -> Counter[str]:
    """What a host's watch has counted, by what was done or found."""
    series = f'homeport_watch_events_total{{environment="{NAME}",what="'
    found = metrics(served, name).items()
    return Counter({key[len(series) : -2]: int(n) for key, n in found if key.startswith(series)})


def heard(hook: Webhook) -> list[tuple[str, str, str]]:
    """(host, replica, what) of all that the webhook was told, in its order."""
    return [(one["host"], one["replica"], one["what"]) for one in hook.told]


def counted(served: Served) -> Counter[tuple[str, str, str]]:
    """(host, `chat-1`, what was done or found) -> how often, by the hosts' metrics."""
    found = {name: events(served, name) for name in ("gate1", "gpu1")}
    return Counter(
        {(name, "chat-1", what): n for name, counts in found.items() for what, n in counts.items()}
    )


def running(served: Served) -> float:
    """Requests that the engine of gpu1 computes now."""
    ask = "curl -s http://127.0.0.1:8080/metrics"
    said = served.host("gpu1").run(f"docker exec $(docker ps -q --filter name=chat-1) {ask}")
    found = re.search(r"^llamacpp:requests_processing (\d+)", said, re.MULTILINE)
    assert found is not None, said
    return float(found[1])
