"""What the watch remembers on a host, and its files that are replaced in one step."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Mapping

from deploys.watching.judging import STATES, Memory, Verdict

# Of words that come from elsewhere: they go to logs, marks and a webhook.
MOST_WORDS = 300


@dataclass
class Remembered:
    """All of it; moments are seconds since 1970."""

    at: float = 0.0
    """When a look at this host's replicas was last made."""
    replicas: dict[str, Memory] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """Of this host's replicas."""
    gpus_at: float = 0.0
    gpus: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, list[float]] = field(default_factory=dict)
    taken: dict[str, list[float]] = field(default_factory=dict)
    seen: dict[str, Verdict] = field(default_factory=dict)
    """At a gateway: of every replica whose host has said something."""
    lets: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    """What has been reported and still holds: it is reported once."""
    counts: dict[str, int] = field(default_factory=dict)


def load(path: str) -> Remembered:
    """What was written last; nothing where there is nothing, or nothing whole."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        known = {one.name: document[one.name] for one in fields(Remembered) if one.name in document}
        known["replicas"] = {name: Memory(**words) for name, words in known["replicas"].items()}
        for name in ("verdicts", "seen"):
            known[name] = {key: Verdict(**words) for key, words in known[name].items()}
        return Remembered(**known)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Remembered()


def store(path: str, remembered: Remembered) -> None:
    """In one step: whoever reads, and a kill, finds the old or the new."""
    write(path, json.dumps(asdict(remembered)) + "\n")


def write(path: str, text: str) -> None:
    """Readable by all; raises OSError."""
    new = f"{path}.new"
    with open(new, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(new, 0o644)
    os.replace(new, path)


def verdicts_of(document: Any) -> dict[str, Verdict]:  # noqa: ANN401  JSON
    """What another host says of its replicas; what is no verdict is left out."""
    if not isinstance(document, Mapping):
        return {}
    return {
        str(name): Verdict(words["state"], plain(words.get("evidence", "")))
        for name, words in document.items()
        if isinstance(words, Mapping) and words.get("state") in STATES
    }


def plain(text: object) -> str:
    """Words of elsewhere on one line, not too many, without signs that a terminal obeys."""
    return "".join(sign if sign.isprintable() else " " for sign in str(text))[:MOST_WORDS]
