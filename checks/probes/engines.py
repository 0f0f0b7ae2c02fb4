"""Asks each engine itself, from inside its own container: nobody else can reach it."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checks.probes import sections
from checks.probes.containers import Container
from checks.probes.host import Unreachable, run
from deploys.questions.engine_answers import PATHS, Kind, body, listens, served
from deploys.settings.inventory import InventoryHost
from deploys.watching.metrics import Metrics, read_metrics

# A large model on a CPU; the first completion after a start also warms caches.
COMPLETION_SECONDS = 120
HEALTH_SECONDS = 10
ANSWER_TOKENS = 8

# Both layouts of the kernel's control groups, as the container sees its own.
_LIMIT_FILES = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"


@dataclass(frozen=True)
class EngineAnswer:
    """What one engine said."""

    health_status: int
    """HTTP status of what its own health check asks; 0: no answer."""
    completion_status: int
    completion: str
    """Body of the answer to what its kind is asked for."""
    memory_limit_bytes: int | None
    """What the kernel holds the container to; None: no limit, or not to be seen."""
    kind: Kind = "generation"
    before: Metrics | None = None
    """What its /metrics said just before the completion was asked for; None: nothing of use."""
    after: Metrics | None = None
    """The same once it was answered, or given up."""

    @property
    def other_requests(self) -> int:
        """Running or waiting just before the completion was asked for."""
        return int(self.before.busy) if self.before is not None else 0

    @property
    def tokens(self) -> int:
        """Of the answer's text, as its usage counts them; 0 where it counts none."""
        usage = self.document.get("usage")
        found = usage.get("completion_tokens") if isinstance(usage, dict) else None
        return found if isinstance(found, int) else 0

    @property
    def tokens_per_second(self) -> float | None:
        """Of the completion, as llama-server times it; None where the engine does not say."""
        timings = self.document.get("timings")
        found = timings.get("predicted_per_second") if isinstance(timings, dict) else None
        return float(found) if isinstance(found, int | float) else None

    @property
    def document(self) -> dict[str, Any]:
        """The completion as JSON; empty when it is no JSON object."""
        try:
            document = json.loads(self.completion)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


def ask(host: InventoryHost, engines: Iterable[Container]) -> dict[str, EngineAnswer]:
    """Service -> what its engine said, all in one round trip. Raises Unreachable."""
    running = [container for container in engines if container.status == "running"]
    if not running:
        return {}
    questions: dict[str, str] = {}
    for container in running:
        questions |= _questions(container)
    limit_seconds = 30 + len(running) * (COMPLETION_SECONDS + 3 * HEALTH_SECONDS)
    try:
        answers = sections.answers(run(host, sections.script(questions), limit_seconds))
        return {container.service: _answer(container, answers) for container in running}
    except (ValueError, KeyError) as error:
        raise Unreachable(host.name, f"its engines' answers make no sense: {error}") from error


def ask_metrics(host: InventoryHost, engines: Iterable[Container]) -> dict[str, str]:
    """Service -> its engine's metrics, empty where it has none to give. Raises Unreachable."""
    running = [container for container in engines if container.status == "running"]
    questions = {
        container.service: f"docker exec {shlex.quote(container.id)} curl --silent --max-time "
        f"{HEALTH_SECONDS} http://{listens(container.labels)}/metrics 2>/dev/null"
        for container in running
    }
    try:
        answers = sections.answers(run(host, sections.script(questions))) if running else {}
    except ValueError as error:
        raise Unreachable(host.name, str(error)) from error
    return {name: answers.get(name, "") for name in questions}


def _questions(container: Container) -> dict[str, str]:
    asked = served(container.command, container.labels)
    question = json.dumps(body(asked, ANSWER_TOKENS))
    inside = f"docker exec {shlex.quote(container.id)}"
    curl = f"{inside} curl --silent --write-out '\\n%{{http_code}}' --max-time"
    url = f"http://{listens(container.labels)}"
    name = container.service
    return {
        f"{name} health": f"{curl} {HEALTH_SECONDS} {url}{_health(container)} 2>/dev/null",
        f"{name} metrics": f"{curl} {HEALTH_SECONDS} {url}/metrics 2>/dev/null",
        f"{name} completion": (
            f"{curl} {COMPLETION_SECONDS} --header 'Content-Type: application/json' "
            f"--data {shlex.quote(question)} {url}{PATHS[asked.kind]} 2>/dev/null"
        ),
        f"{name} counters": f"{curl} {HEALTH_SECONDS} {url}/metrics 2>/dev/null",
        f"{name} memory": f"{inside} cat {_LIMIT_FILES} 2>/dev/null",
    }


def _health(container: Container) -> str:
    """The path that the container's own health check asks: engines call it differently."""
    check = (container.inspected.get("Config") or {}).get("Healthcheck") or {}
    url = re.escape(f"http://{listens(container.labels)}")
    found = re.search(url + r"(/\w+)", " ".join(check.get("Test") or ()))
    return found[1] if found else "/health"


def _answer(container: Container, answers: Mapping[str, str]) -> EngineAnswer:
    service, kind = container.service, served(container.command, container.labels).kind
    health_status, _ = _status_and_body(answers[f"{service} health"])
    status, said = _status_and_body(answers[f"{service} completion"])
    limit = answers[f"{service} memory"].strip()
    held = int(limit) if limit.isdigit() else None
    before, after = (_metrics(answers[f"{service} {name}"]) for name in ("metrics", "counters"))
    return EngineAnswer(health_status, status, said, held, kind, before, after)


def _metrics(text: str) -> Metrics | None:
    status, said = _status_and_body(text)
    return read_metrics(said) if status == 200 else None


def _status_and_body(text: str) -> tuple[int, str]:
    """curl's --write-out puts the status on the last line; 000 when nothing answered."""
    body, _, status = text.rpartition("\n")
    return (int(status), body) if status.isdigit() else (0, text)
