"""A real answer of an engine, whatever it answers: how it is asked, and what counts as one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["generation", "embeddings", "reranking"]

PATHS: Mapping[Kind, str] = {
    "generation": "/v1/chat/completions",
    "embeddings": "/v1/embeddings",
    "reranking": "/v1/rerank",
}
TEXTS = ("A ship comes into port.", "Cranes unload it.")
# What llama-server and vLLM are started with to answer something else than text.
_EMBEDS = ({"--embeddings"}, {"--runner pooling", "--convert embed"})
_RANKS = ({"--reranking"}, {"--runner pooling", "--convert classify"})
_NAMES = ("--alias", "--served-model-name")
# Of LocalAI's containers, whose command line says nothing.
NAME_LABEL = "homeport.serves"
KIND_LABEL = "homeport.kind"
# Of engines on the host's own network: ADDRESS:PORT where they listen; others do on 8080.
LISTENS_LABEL = "homeport.listens"
PORT = 8080
# Of the containers of one replica on several hosts; those behind 0 answer nobody.
RANK_LABEL = "homeport.rank"


def listens(labels: Mapping[str, str]) -> str:
    """ADDRESS:PORT where an engine answers, seen from inside its container."""
    return labels.get(LISTENS_LABEL) or f"127.0.0.1:{PORT}"


@dataclass(frozen=True)
class Served:
    """What one engine answers."""

    model: str
    """The first name that it answers under."""
    kind: Kind


def served(command: Sequence[str], labels: Mapping[str, str], default: str = "default") -> Served:
    """As an engine's own command line says it, or the labels of its container where that says
    nothing; `default`: the name where neither does.
    """
    named, told = labels.get(NAME_LABEL), labels.get(KIND_LABEL)
    if named:
        return Served(named, next((kind for kind in PATHS if kind == told), "generation"))
    pairs = [" ".join(pair) for pair in zip(command, [*command[1:], ""], strict=True)]
    said = {*command, *pairs}
    kind: Kind = "generation"
    if any(words <= said for words in _EMBEDS):
        kind = "embeddings"
    elif any(words <= said for words in _RANKS):
        kind = "reranking"
    names = [command[command.index(flag) + 1] for flag in _NAMES if flag in command[:-1]]
    return Served(names[0] if names else default, kind)


def body(asked: Served, tokens: int) -> dict[str, Any]:
    """A request that any model of its kind answers; `tokens`: of text at most."""
    if asked.kind == "embeddings":
        return {"model": asked.model, "input": list(TEXTS)}
    if asked.kind == "reranking":
        return {"model": asked.model, "query": "port", "documents": list(TEXTS)}
    messages = [{"role": "user", "content": "Say something."}]
    return {"model": asked.model, "messages": messages, "max_tokens": tokens}


def missing(kind: Kind, document: Mapping[str, Any]) -> str:
    """What an answer without text lacks, for each of TEXTS; empty where it has all."""
    wanted, entries = "embedding", document.get("data")
    if kind == "reranking":
        wanted, entries = "relevance_score", document.get("results")
    rows = entries if isinstance(entries, list) else []
    found = [row.get(wanted) for row in rows if isinstance(row, dict)]
    full = [value for value in found if _is_finite(value)]
    return "" if len(full) == len(TEXTS) else f"{len(full)} of {len(TEXTS)} times `{wanted}`"


def _is_finite(value: object) -> bool:
    """A number, or numbers; weights that overflow give none."""
    numbers = value if isinstance(value, list) else [value]
    return bool(numbers) and all(
        isinstance(number, int | float) and math.isfinite(number) for number in numbers
    )
