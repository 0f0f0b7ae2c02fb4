"""A second opinion: NVIDIA's aiperf sends the same kind of requests, and times them by itself.

It is no dependency (1.2 GB): who wants it has it on the PATH. Written for 0.13.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = "aiperf"
# The configuration refers to it, so that the key is in no file and no argument.
KEY = "OPENAI_API_KEY"
EXPORT = "profile_export_aiperf.json"
# It starts a dozen processes before it asks, and stops them afterwards.
BESIDES_SECONDS = 120
# It wants a tokenizer even where the server counts, and would ask a hub for one.
TOKENIZER = {
    "tokenizer.json": {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "sea": 1}, "unk_token": "[UNK]"},
    },
    "tokenizer_config.json": {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "[UNK]",
    },
}


@dataclass(frozen=True)
class Question:
    """A closed loop."""

    url: str
    path: str
    model: str
    key: str
    users: int
    bodies: Sequence[bytes]
    """One for each request; the first `users` are warm-up."""
    timeout_seconds: float


@dataclass(frozen=True)
class Told:
    """What a client says, or what is true, of the same answers; times in milliseconds."""

    answers: int
    first_p50_ms: float
    first_p99_ms: float
    token_p50_ms: float
    """Between two tokens."""
    total_p50_ms: float
    total_p99_ms: float


class NoOpinion(Exception):
    """It gave none; says what it printed last."""


def opinion(program: str, question: Question, folder: Path) -> Told:
    """What it says; raises NoOpinion. `folder` gets its files, which hold no key."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in TOKENIZER.items():
        (folder / name).write_text(json.dumps(document))
    (folder / "bodies.jsonl").write_bytes(b"\n".join([*question.bodies, b""]))
    file = folder / "config.yaml"
    # JSON is YAML.
    file.write_text(json.dumps(configuration(question, folder)))
    # Offline it takes the tokenizer's folder for the name of a repository.
    words = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    line = [program, "profile", "--config", str(file), "--ui", "none"]
    try:
        status, said = _run(line, folder, {**words, KEY: question.key}, question.timeout_seconds)
        if status:
            # Whatever it prints may be kept, and passed on.
            said = said.replace(question.key, "<key>")[-1000:]
            raise NoOpinion(f"{PROGRAM} ended with {status}: {said}")
        return read(json.loads((folder / "found" / EXPORT).read_text()))
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        raise NoOpinion(f"{PROGRAM}: {type(error).__name__}: {error}") from None


def _run(
    line: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    """Its exit status, and all that it printed; none of its processes is left behind."""
    with subprocess.Popen(
        line, cwd=folder, env=environment, text=True, errors="replace", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=seconds + BESIDES_SECONDS)
        finally:
            # Those that it has started hold the pipe, and go on asking.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


def configuration(question: Question, folder: Path) -> dict[str, Any]:
    """Its configuration (schema 2.0): bodies are sent as they are, each of them once."""
    loop = {"type": "concurrency", "concurrency": question.users}
    measured = len(question.bodies) - question.users
    warm_up = {"name": "warmup", **loop, "requests": question.users, "exclude_from_results": True}
    return {
        "schemaVersion": "2.0",
        "benchmark": {
            "model": question.model,
            "endpoint": {
                "url": question.url,
                "path": question.path,
                "type": "chat",
                "streaming": True,
                "api_key": f"${{{KEY}}}",
                "use_server_token_count": True,
            },
            "dataset": {"type": "file", "path": "bodies.jsonl", "format": "raw_payload"},
            "phases": [warm_up, {"name": "profiling", **loop, "requests": measured}],
            "tokenizer": {"name": str(folder)},
            "artifacts": {"dir": str(folder / "found")},
            # It would ask the gateway for metrics without a key, which is counted as a wrong one.
            "server_metrics": {"enabled": False},
            "gpu_telemetry": {"enabled": False},
        },
    }


def read(document: Mapping[str, Any]) -> Told:
    """Its export (schema 1), whose times are in milliseconds; raises KeyError, ValueError."""
    first, total = document["time_to_first_token"], document["request_latency"]
    token = document["inter_token_latency"]
    units = {one["unit"] for one in (first, total, token)}
    if units != {"ms"}:
        raise ValueError(f"other units than ms: {', '.join(sorted(units))}")
    return Told(
        answers=int(document["request_count"]["avg"]),
        first_p50_ms=first["p50"],
        first_p99_ms=first["p99"],
        token_p50_ms=token["p50"],
        total_p50_ms=total["p50"],
        total_p99_ms=total["p99"],
    )
