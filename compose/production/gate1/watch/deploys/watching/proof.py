"""A real answer of a replica, asked for the way the gateway's clients are: from its container."""

from __future__ import annotations

import json
from typing import Any, Mapping

from deploys.watching.commands import Failed, output

# As a rollout's proof: a large model on a CPU, and the first answer warms caches.
ANSWER_SECONDS = 120


def complaint(project: str, service: str, asked: Mapping[str, str]) -> str:
    """Why a replica's answer is none; empty when it is one.

    + asked: `url` as the gateway knows it, `body` and `kind` of the request
    """
    try:
        return wrong(_answer(project, service, asked), asked["kind"])
    except Failed as failure:
        return str(failure)


def wrong(text: str, kind: str) -> str:
    """Of an answer's body with its status on the last line; empty: nothing is."""
    body, _, status = text.rpartition("\n")
    if status != "200":
        return f"it answers a request with status {status or 'none'}"
    try:
        said = _said(json.loads(body), kind)
    except (ValueError, LookupError, TypeError, AttributeError):
        return "its answer makes no sense"
    return "" if said else "it answers without a word"


def _said(document: Any, kind: str) -> object:  # noqa: ANN401  JSON
    if kind == "embeddings":
        return document["data"][0]["embedding"]
    if kind == "reranking":
        return document["results"]
    message = document["choices"][0]["message"]
    return (message.get("content") or message.get("reasoning_content") or "").strip()


def _answer(project: str, service: str, asked: Mapping[str, str]) -> str:
    containers = output(
        [
            *("docker", "ps", "--quiet"),
            *("--filter", f"label=com.docker.compose.project={project}"),
            *("--filter", f"label=com.docker.compose.service={service}"),
        ],
        20.0,
    ).split()
    if not containers:
        raise Failed("the gateway's container does not run")
    curl = [
        *("docker", "exec", containers[0], "curl", "--silent", "--write-out", "\\n%{http_code}"),
        *("--max-time", str(ANSWER_SECONDS), "--header", "Content-Type: application/json"),
        *("--data", asked["body"], asked["url"]),
    ]
    return output(curl, ANSWER_SECONDS + 10.0)
