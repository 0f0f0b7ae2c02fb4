"""`vllm bench serve`, written for 0.32: the client that comes with vLLM and its extra `bench`.

Its first token is the first event with a choice, be it empty; its last one may be the one that
says why an answer ended.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.benchmarks.second_opinions.adapter import Adapter
from checks.benchmarks.second_opinions.question import Question, Timed, Told, told_of
from checks.benchmarks.second_opinions.tokenizer import write_tokenizer

KEY = "OPENAI_API_KEY"
RESULT = "result.json"


def write(question: Question, folder: Path) -> Sequence[str]:
    """What it asks, a line for each request, and a tokenizer."""
    write_tokenizer(folder)
    lines = [
        json.dumps({"prompt": text, "output_tokens": tokens}) for text, tokens in question.chats()
    ]
    (folder / "chats.jsonl").write_text("\n".join([*lines, ""]))
    scheme, rest = question.url.split(":", 1)
    # It asks BASE/metrics without a key, which a gateway counts as a wrong one: a base without a
    # host makes that an address that nobody can ask, and the endpoint whole.
    where = ["--base-url", f"{scheme}:", "--endpoint", f"{rest}{question.path}"]
    return [
        "bench", "serve", "--backend", "openai-chat", *where, "--model", question.model,
        "--tokenizer", str(folder), "--dataset-name", "custom",
        "--dataset-path", str(folder / "chats.jsonl"), "--custom-output-len", "-1",
        "--skip-chat-template", "--disable-shuffle", "--no-oversample",
        "--num-prompts", str(len(question.bodies)), "--max-concurrency", str(question.users),
        "--extra-body", json.dumps(question.other_words()), "--disable-tqdm",
        "--save-result", "--save-detailed",
        "--result-dir", str(folder), "--result-filename", RESULT,
    ]  # fmt: skip


def read(question: Question, folder: Path) -> Told:
    """Its detailed result: its warm-up would ask the same body again and again, which is cached."""
    document = json.loads((folder / RESULT).read_text())
    return told_of(_timed(document), question.users)


def _timed(document: Mapping[str, Any]) -> Iterator[Timed]:
    """A request at the same place of each list; all of it in seconds."""
    names = ("start_times", "ttfts", "itls", "output_lens", "errors")
    for begun, first, gaps, tokens, error in zip(*(document[name] for name in names), strict=True):
        # As it says it itself: the whole ends with the last event that has a choice.
        token = sum(gaps) / max(1, tokens - 1)
        # A status without a reason leaves none.
        yield Timed(begun, first, token, first + sum(gaps), error or ("" if first else "no event"))


VLLM = Adapter("vllm", "0.32", "vllm[bench]", KEY, write, read, {"HF_HUB_OFFLINE": "1"})
