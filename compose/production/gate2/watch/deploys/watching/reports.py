"""What the watch did or found: a line in the journal, one in the audit log, metrics, a webhook."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Mapping

from deploys.watching.commands import Place
from deploys.watching.judging import Verdict
from deploys.watching.memory import Remembered, write

WEBHOOK_SECONDS = 10.0
# What changes something; the rest is told, and is no line of the audit log.
TAKEN_OUT, LET_BACK, RESTARTED = "taken out", "let back", "restarted"
DONE = (TAKEN_OUT, LET_BACK, RESTARTED)


@dataclass(frozen=True)
class Event:
    """One thing that is told once."""

    replica: str
    what: str
    """`taken out`, `let back`, `restarted`; or in other words what was found."""
    reason: str

    def __str__(self) -> str:
        return f"{self.replica}: {self.what}" + (f" ({self.reason})" if self.reason else "")


def is_news(remembered: Remembered, key: str, words: str) -> bool:
    """Whether this is not what was told last under that key; no words: it holds no more."""
    if remembered.told.get(key, "") == words:
        return False
    if words:
        remembered.told[key] = words
    else:
        del remembered.told[key]
    return bool(words)


def tell(place: Place, words: Mapping[str, str], remembered: Remembered, event: Event) -> None:
    """In the journal always; what cannot be told elsewhere is told there."""
    print(event, flush=True)
    remembered.counts[event.what] = remembered.counts.get(event.what, 0) + 1
    if event.what in DONE:
        _note(place, words, event)
    _call(place, words, event)


def _note(place: Place, words: Mapping[str, str], event: Event) -> None:
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "who": f"the watch on {words['host']}",
        "action": "watch",
        "before": place.release,
        "wanted": place.release,
        "reason": event.reason,
        "after": place.release,
        "outcome": f"{event.replica} {event.what}",
    }
    try:
        with open(f"{place.directory}/audit.log", "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
    except OSError as error:
        print(f"the audit log cannot be written: {error.strerror}", flush=True)


def _call(place: Place, words: Mapping[str, str], event: Event) -> None:
    """The address is a secret: what is wrong with it is told without it."""
    try:
        with open(f"{place.directory}/secrets/watch", encoding="utf-8") as file:
            address = file.read().strip()
    except OSError:
        return
    document = {key: words[key] for key in ("environment", "host")}
    document.update(replica=event.replica, what=event.what, reason=event.reason, text=str(event))
    try:
        request = urllib.request.Request(  # noqa: S310  the settings allow http and https alone
            address,
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS).close()  # noqa: S310
    except (OSError, ValueError, HTTPException) as error:
        status = getattr(error, "code", "")
        print(f"the webhook was not told: {type(error).__name__} {status}", flush=True)


def write_metrics(place: Place, words: Mapping[str, str], remembered: Remembered) -> None:
    """For node exporter's textfile collector, where the settings name its folder."""
    folder = words.get("textfile_directory") or ""
    if not folder:
        return
    path = f"{folder}/homeport-watch-{words['environment']}.prom"
    try:
        write(path, metrics_text(words["environment"], remembered, _marked(place)))
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}", flush=True)


def metrics_text(environment: str, remembered: Remembered, marked: list[str]) -> str:
    """Prometheus' text; names of replicas and states need no escaping."""
    known: dict[str, Verdict] = {**remembered.seen, **remembered.verdicts}
    lines = [
        "# HELP homeport_watch_look_seconds When this host's replicas were last looked at.",
        "# TYPE homeport_watch_look_seconds gauge",
        f'homeport_watch_look_seconds{{environment="{environment}"}} {remembered.at:.3f}',
        "# HELP homeport_watch_replica The state of a replica: 1 for the one that it is in.",
        "# TYPE homeport_watch_replica gauge",
    ]
    for name, verdict in sorted(known.items()):
        labels = f'environment="{environment}",replica="{name}",state="{verdict.state}"'
        lines.append(f"homeport_watch_replica{{{labels}}} 1")
    lines += [
        "# HELP homeport_watch_out Replicas that the watch keeps out of their pools here.",
        "# TYPE homeport_watch_out gauge",
        f'homeport_watch_out{{environment="{environment}"}} {len(marked)}',
        "# HELP homeport_watch_events_total What the watch did or found, since its first look.",
        "# TYPE homeport_watch_events_total counter",
    ]
    for what, count in sorted(remembered.counts.items()):
        labels = f'environment="{environment}",what="{what}"'
        lines.append(f"homeport_watch_events_total{{{labels}}} {count}")
    return "\n".join(lines) + "\n"


def _marked(place: Place) -> list[str]:
    try:
        return [name for name in os.listdir(place.marks) if name.endswith(".watch")]
    except OSError:
        return []
