"""Asks a gateway as a client does, and notes when each piece of an answer arrived."""

import json
import math
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from deploys.certificates.entrance import Entrance, client
from deploys.settings.secrets import Secret

# A large model on a CPU may think this long before its first byte.
ANSWER_SECONDS = 180
REPLICA_HEADER = "X-Homeport-Replica"


class NoAnswer(Exception):
    """Nothing that speaks HTTP answered."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the gateway at {url} does not answer: {reason}\n"
            "remedy: `docker ps` on the host shows whether it runs; --gateway-url asks elsewhere"
        )


@dataclass(frozen=True)
class Gateway:
    """Where a gateway is entered, and the key of one of its clients."""

    host: str
    way: Entrance
    key: Secret

    @property
    def url(self) -> str:
        """SCHEME://HOST:PORT."""
        return self.way.url


@dataclass(frozen=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    text: str

    @property
    def document(self) -> dict[str, Any]:
        """The answer as JSON; empty when it is no JSON object."""
        try:
            document = json.loads(self.text)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def error(self) -> str:
        """The message of an OpenAI error document; empty when it is none."""
        error = self.document.get("error")
        message = error.get("message") if isinstance(error, dict) else None
        return message if isinstance(message, str) else ""

    @property
    def replica(self) -> str:
        """Address of the engine that answered: the last one, where nginx tried several."""
        return self.headers.get(REPLICA_HEADER.lower(), "").split(",")[-1].strip()


@dataclass(frozen=True)
class Stream:
    """One streamed answer."""

    answer: Answer
    arrivals_seconds: tuple[float, ...]
    """When each read from the connection came back, since the request."""
    events: tuple[str, ...]
    """What followed each `data: `."""


def ask(
    gateway: Gateway,
    method: str,
    path: str,
    body: Mapping[str, object] | Sequence[object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request; with the client's key unless `headers` are given. Raises NoAnswer."""
    given = with_key(gateway) if headers is None else headers
    try:
        with client(gateway.way, given, ANSWER_SECONDS) as one:
            answer = one.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise NoAnswer(gateway.url, str(error) or type(error).__name__) from error
    return _answer(answer, answer.text)


def stream(
    gateway: Gateway, path: str, body: Mapping[str, object], limit_seconds: float = math.inf
) -> Stream:
    """One streamed answer, every read timed; hung up on after that time. Raises NoAnswer."""
    reads: list[bytes] = []
    arrivals: list[float] = []
    document = {**body, "stream": True}
    began = time.perf_counter()
    try:
        with (
            client(gateway.way, with_key(gateway), ANSWER_SECONDS) as one,
            one.stream("POST", path, json=document) as answer,
        ):
            for piece in answer.iter_bytes():
                arrivals.append(time.perf_counter() - began)
                reads.append(piece)
                if arrivals[-1] > limit_seconds:
                    break
    except httpx.HTTPError as error:
        raise NoAnswer(gateway.url, str(error) or type(error).__name__) from error
    text = b"".join(reads).decode(errors="replace")
    return Stream(_answer(answer, text), tuple(arrivals), _events(text))


def models(gateway: Gateway) -> list[str]:
    """The public model names that the gateway lists; empty when it lists none."""
    entries = ask(gateway, "GET", "/v1/models").document.get("data")
    if not isinstance(entries, list):
        return []
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]


def revision_question(project: str, service: str) -> str:
    """sh: what the gateway's own container says at /revision on the admin listener."""
    labels = {"project": project, "service": service}
    filters = " ".join(
        f"--filter {shlex.quote(f'label=com.docker.compose.{key}={value}')}"
        for key, value in labels.items()
    )
    return (
        f"id=$(docker ps --quiet {filters} 2>/dev/null | head -n 1); "
        'if [ -n "$id" ]; then docker exec "$id" '
        "curl --silent --max-time 5 http://127.0.0.1:8081/revision 2>/dev/null; fi"
    )


def revision(text: str) -> str:
    """The field `revision` of that answer; empty when there is none."""
    try:
        return str(json.loads(text)["revision"])
    except (ValueError, KeyError, TypeError):
        return ""


def drained_question(directory: str) -> str:
    """sh: NAME.KIND of each replica that is drained, and the text of its mark."""
    folder = shlex.quote(f"{directory}/state/gateway/drained")
    return f'for f in {folder}/*; do [ ! -e "$f" ] || echo "${{f##*/}} $(cat "$f")"; done'


def drained(text: str) -> dict[str, str]:
    """NAME.KIND -> `WHO (REASON)`."""
    found = {}
    for line in text.splitlines():
        mark, _, words = line.partition(" ")
        try:
            document = json.loads(words)
            reason = f" ({document['reason']})" if document.get("reason") else ""
            found[mark] = f"{document['who']}{reason}"
        except (ValueError, LookupError, TypeError, AttributeError):
            found[mark] = "somebody"
    return found


def _events(text: str) -> tuple[str, ...]:
    return tuple(
        line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")
    )


def with_key(gateway: Gateway) -> dict[str, str]:
    """Headers of a request by the client."""
    # An answer that was kept says nothing about the engines.
    return {"Authorization": f"Bearer {gateway.key.reveal()}", "Cache-Control": "no-store"}


def _answer(answer: httpx.Response, text: str) -> Answer:
    return Answer(answer.status_code, dict(answer.headers), text)
