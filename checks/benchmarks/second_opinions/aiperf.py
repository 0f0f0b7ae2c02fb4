"""NVIDIA's aiperf (1.2 GB), written for 0.13: it sends bodies as they are, each of them once."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.benchmarks.second_opinions.adapter import Adapter
from checks.benchmarks.second_opinions.question import Question, Told
from checks.benchmarks.second_opinions.tokenizer import write_tokenizer

# The configuration refers to it.
KEY = "OPENAI_API_KEY"
EXPORT = "profile_export_aiperf.json"


def write(question: Question, folder: Path) -> Sequence[str]:
    """Its configuration, bodies and a tokenizer."""
    write_tokenizer(folder)
    (folder / "bodies.jsonl").write_bytes(b"\n".join([*question.bodies, b""]))
    file = folder / "config.yaml"
    # JSON is YAML.
    file.write_text(json.dumps(configuration(question, folder)))
    return ["profile", "--config", str(file), "--ui", "none"]


def configuration(question: Question, folder: Path) -> dict[str, Any]:
    """Its configuration (schema 2.0)."""
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


def read(_question: Question, folder: Path) -> Told:
    """Its export (schema 1)."""
    return told(json.loads((folder / "found" / EXPORT).read_text()))


def told(document: Mapping[str, Any]) -> Told:
    """Of its export, whose times are in milliseconds; raises KeyError, ValueError."""
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


# Offline it takes the tokenizer's folder for the name of a repository.
AIPERF = Adapter("aiperf", "0.13", "aiperf", KEY, write, read, unset=frozenset({"HF_HUB_OFFLINE"}))
