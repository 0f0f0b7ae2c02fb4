"""vLLM's GuideLLM, written for 0.8. It brings torch, which alone takes gigabytes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.benchmarks.second_opinions.adapter import Adapter
from checks.benchmarks.second_opinions.question import Question, Timed, Told, told_of

# It fills its configuration from variables of this form; a report hides what came so.
KEY = "GUIDELLM__SPEC__BACKEND__API_KEY"
REPORT = "report.json"


def write(question: Question, folder: Path) -> Sequence[str]:
    """Its configuration and what it asks: a line for each request."""
    lines = [
        json.dumps({"messages": [{"role": "user", "content": text}], "tokens": tokens})
        for text, tokens in question.chats()
    ]
    (folder / "chats.jsonl").write_text("\n".join([*lines, ""]))
    file = folder / "config.json"
    file.write_text(json.dumps({"spec": configuration(question, folder)}))
    return ["run", "--config", str(file), "--disable-console-interactive"]


def configuration(question: Question, folder: Path) -> dict[str, Any]:
    """Its scenario, without its own warm-up, which is cut by time; see told_of."""
    columns = {"raw_messages_column": "messages", "output_tokens_count_column": "tokens"}
    return {
        "backend": {
            "kind": "openai_http",
            "target": question.url,
            "model": question.model,
            "request_format": "/v1/chat/completions",
            "api_routes": {"/v1/chat/completions": question.path.lstrip("/")},
            # It would ask for /health, which a gateway has not for clients.
            "validate_backend": False,
            # By itself it believes any certificate.
            "verify": True,
            "follow_redirects": False,
            "extras": {"body": question.other_words()},
        },
        "profile": {"kind": "concurrent", "streams": [question.users]},
        "constraints": [{"kind": "max_requests", "count": len(question.bodies)}],
        "data": [{"kind": "json_file", "path": str(folder / "chats.jsonl")}],
        "data_column_mapper": {"kind": "generative_column_mapper", "column_mappings": columns},
        "outputs": [{"kind": "json", "path": str(folder / REPORT)}],
    }


def read(question: Question, folder: Path) -> Told:
    """Its report."""
    (benchmark,) = json.loads((folder / REPORT).read_text())["benchmarks"]
    return told_of(_timed(benchmark["requests"]), question.users)


def _timed(requests: Mapping[str, Any]) -> Iterator[Timed]:
    """By its clock of the day; times to tokens are in milliseconds, the whole is in seconds."""
    for one in requests["successful"]:
        first = one["time_to_first_token_ms"]
        yield Timed(
            one["request_start_time"],
            (first or 0) / 1000,
            (one["inter_token_latency_ms"] or 0) / 1000,
            one["request_latency"],
            "" if first else "no token",
        )
    for kind in ("errored", "incomplete"):
        for one in requests[kind]:
            error = one["info"]["error"] or kind
            yield Timed(one["request_start_time"] or 0, error=error)


GUIDELLM = Adapter("guidellm", "0.8", "guidellm", KEY, write, read, {"HF_HUB_OFFLINE": "1"})
