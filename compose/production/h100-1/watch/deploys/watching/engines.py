"""Looks at the replicas of this host: their containers, by Docker, and what they answer."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from typing import Mapping
from urllib.parse import urlsplit

from deploys.watching.commands import output
from deploys.watching.judging import OK, Look
from deploys.watching.metrics import Metrics, read_metrics

PORT = 8080
# The host asks all of them at the same time.
ANSWER_SECONDS = 5.0
DOCKER_SECONDS = 20.0
# vLLM's metrics are some 100 KiB.
MOST_BYTES = 4 << 20
_FORMAT = (
    '{{.Id}}@{{.State.StartedAt}} {{index .Config.Labels "com.docker.compose.service"}} '
    "{{.State.Paused}} "
    # By `index`: a container without a health check has neither.
    '{{with index .State "Health"}}{{.Status}}{{else}}none{{end}} '
    # The last word of the command that asks it: engines differ in where they say that.
    '{{with index .Config "Healthcheck"}}{{index .Test (len (slice .Test 1))}}{{else}}none{{end}}'
    # Where it listens on the host's own network, or its addresses on Docker's.
    '{{with index .Config.Labels "homeport.listens"}} {{.}}{{end}}'
    "{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}"
)


def look_at_all(project: str, gpus: Mapping[str, str]) -> dict[str, Look]:
    """Service -> what was seen of it, for all that run; raises Failed where Docker says nothing.

    `gpus`: replica -> what is wrong with a GPU of it.
    """
    label = f"label=com.docker.compose.project={project}"
    ids = output(["docker", "ps", "--quiet", "--no-trunc", "--filter", label], DOCKER_SECONDS)
    if not ids.split():
        return {}
    told = output(["docker", "inspect", "--format", _FORMAT, *ids.split()], DOCKER_SECONDS)
    lines = [line.split() for line in told.splitlines() if len(line.split()) > 4]
    with ThreadPoolExecutor(max(1, len(lines))) as pool:
        looks = pool.map(lambda words: _look(words, gpus), lines)
        return {words[1]: look for words, look in zip(lines, looks)}


def _look(words: list[str], gpus: Mapping[str, str]) -> Look:
    container, service, paused, health, url, *addresses = words
    if paused == "true":
        return Look(why_down="somebody has paused its container")
    if not addresses:
        return Look(why_down="its container has no network")
    address, _, own = addresses[0].partition(":")
    port = int(own or PORT)
    status, _ = ask(address, port, urlsplit(url).path)
    return Look(
        container=container,
        starting=health == "starting",
        health=status,
        # Who does not answer that will not answer this, and the next look waits meanwhile.
        metrics=_metrics(address, port) if status else None,
        gpu=gpus.get(service, ""),
    )


def _metrics(address: str, port: int) -> Metrics | None:
    status, text = ask(address, port, "/metrics")
    return read_metrics(text) if status == OK else None


def ask(address: str, port: int, path: str) -> tuple[int, str]:
    """(status, body); status 0 where none came, or where it broke off."""
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
