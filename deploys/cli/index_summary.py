"""What a run of `homeport index` has done, for people and for programs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploys.batch.running import Run
from deploys.batch.tally import Tokens
from deploys.indexing.reading import Source
from deploys.indexing.steps import Outcome


@dataclass(frozen=True)
class Summary:
    """One run, over."""

    file: Path
    dead_letters: Path
    collection: str
    source: Source
    outcome: Outcome
    stopped: Exception | None
    """Why it ended early."""


def progress_words(outcome: Outcome, run: Run, unsent: int, seconds: float) -> str:
    """Texts that are done and failed, requests in flight, rate, texts that are left."""
    counts = outcome.counts
    finished = counts.indexed + counts.failed
    rate = counts.indexed / seconds if seconds > 0 else 0
    left, in_flight = unsent - finished, run.tally.in_flight
    return (
        f"indexed {counts.indexed:,}, failed {counts.failed:,}, requests in flight {in_flight:,}, "
        f"{rate:.1f} texts/s, left {left:,}"
    )


def show(summary: Summary, as_json: bool) -> None:
    """On standard output."""
    document = _document(summary)
    if as_json:
        print(json.dumps(document, indent=2))
        return
    for line in _words(summary, document):
        print(line)


def _words(summary: Summary, found: dict[str, Any]) -> Iterator[str]:
    counts = {
        "unchanged": found["unchanged"],
        "failed now": found["failed"],
        "failed before": found["failed_before"],
        "could not be sent": found["invalid"],
        "files left out": found["left_out"],
        "left": found["left"],
    }
    told = f"{summary.file}: {found['lines']:,} texts, {found['indexed']:,} indexed now"
    yield told + "".join(f", {count:,} {words}" for words, count in counts.items() if count)
    if found["indexed"]:
        seconds = max(found["seconds"], 0.001)
        speed = found["indexed"] / seconds
        yield f"  {found['tokens']:,} tokens in {seconds:,.1f} s, {speed:,.1f} texts/s"
    finished = summary.outcome.finished
    if finished is not None:
        built = ", its index built now" if finished.built else ""
        gone = f", {finished.removed:,} removed" if finished.removed else ""
        yield f"{summary.collection}: {finished.rows:,} texts{gone}{built}"
        if found["strangers"] and not finished.removed:
            how = "--prune removes those, once every line can be sent"
            yield f"  {found['strangers']:,} of them are not in the input; {how}"
    if summary.dead_letters.exists():
        yield f"dead letters: {summary.dead_letters}; remove it and run again to try them anew"


def _document(summary: Summary) -> dict[str, Any]:
    outcome, lines = summary.outcome, summary.source.found.index.lines()
    models = outcome.run.tally.models.values() if outcome.run else ()
    counts, tokens = outcome.counts, Tokens()
    for model in models:
        tokens = tokens.plus(model.all_tokens)
    done = outcome.unchanged + counts.indexed + counts.failed
    finished = outcome.finished
    return {
        "input": str(summary.file),
        "collection": summary.collection,
        "dead_letters": str(summary.dead_letters),
        "lines": lines,
        "indexed": counts.indexed,
        "unchanged": outcome.unchanged,
        "failed": counts.failed,
        "failed_before": outcome.failed_before,
        "invalid": outcome.invalid,
        "left_out": summary.source.left_out,
        "left": lines - done - outcome.failed_before - outcome.invalid,
        "strangers": len(outcome.strangers),
        "tokens": tokens.prompt,
        "retries": sum(model.retries for model in models),
        "seconds": max((model.seconds for model in models), default=0),
        "rows": finished.rows if finished else None,
        "removed": finished.removed if finished else 0,
        "index_built": finished.built if finished else False,
        "stopped": str(summary.stopped) if summary.stopped else None,
    }
