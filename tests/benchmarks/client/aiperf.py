"""NVIDIA's aiperf, from PyPI into a virtual environment of its own (1.2 GB): no dependency."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.benchmarks.client.truth import Told
from tests.benchmarks.own_environment import BENCH, installed
from tests.lab.machine import LabError

VERSION = "0.13.0"
VENV = BENCH / f"aiperf-{VERSION}"
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
        "model": {
            "type": "WordLevel",
            "vocab": {"[UNK]": 0, "harbour": 1, "Tell": 2, "me": 3, "about": 4},
            "unk_token": "[UNK]",
        },
    },
    "tokenizer_config.json": {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "[UNK]",
    },
}
PROMPT = {"text": "Tell me about harbours."}
LIMIT_SECONDS = 300


def install() -> Path:
    """Where its program lies."""
    return installed(VENV, f"aiperf=={VERSION}", "aiperf")


def told_by_aiperf(url: str, users: int, requests: int, folder: Path) -> Told:
    """A closed loop of so many requests; raises LabError with its output when it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in TOKENIZER.items():
        (folder / name).write_text(json.dumps(document))
    (folder / "prompts.jsonl").write_text(json.dumps(PROMPT) + "\n")
    command = [
        str(install()), "profile", "--url", url, "--model", "timed", "--streaming",
        "--endpoint-type", "chat", "--concurrency", str(users), "--request-count", str(requests),
        "--input-file", str(folder / "prompts.jsonl"), "--custom-dataset-type", "single_turn",
        "--use-server-token-count", "--tokenizer", str(folder), "--ui", "none",
        "--output-artifact-dir", str(folder / "found"),
    ]  # fmt: skip
    # Offline it takes the folder's path for the name of a repository.
    words = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        command, cwd=folder, env=words, capture_output=True, text=True, timeout=LIMIT_SECONDS,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"aiperf ended with {done.returncode}", (done.stdout + done.stderr)[-3000:])
    return read(json.loads((folder / "found" / "profile_export_aiperf.json").read_text()))


def read(document: dict[str, Any]) -> Told:
    """Its export (schema 1.x), whose times are in milliseconds."""
    first, total = document["time_to_first_token"], document["request_latency"]
    units = {first["unit"], total["unit"], document["inter_token_latency"]["unit"]}
    if units != {"ms"}:
        raise LabError("aiperf", f"other units than ms: {', '.join(sorted(units))}")
    return Told(
        answers=int(document["request_count"]["avg"]),
        first_p50_ms=first["p50"],
        first_p99_ms=first["p99"],
        token_p50_ms=document["inter_token_latency"]["p50"],
        total_p50_ms=total["p50"],
        total_p99_ms=total["p99"],
    )
