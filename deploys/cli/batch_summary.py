"""What a batch has done and what it cost, for people and for programs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deploys.batch.files import Files, Places
from deploys.batch.money import Tariff, costs
from deploys.batch.tally import Model, Tally, Tokens


@dataclass(frozen=True)
class Summary:
    """One run, over."""

    where: Places
    tally: Tally
    tariff: Tariff
    lines: int
    files: Files
    """With what earlier runs have left."""
    stopped: Exception | None = None
    """Why it ended early."""

    @property
    def left(self) -> int:
        """Lines that the next run goes on with."""
        before = self.files.answered_before + self.files.failed_before + self.files.invalid
        return self.lines - before - self.tally.answered - self.tally.failed


def show(summary: Summary, as_json: bool) -> None:
    """On standard output."""
    if as_json:
        print(json.dumps(_document(summary), indent=2))
        return
    for line in [*_model_words(summary), *_words(summary)]:
        print(line)


def _model_words(summary: Summary) -> Iterator[str]:
    for name, model in sorted(summary.tally.models.items()):
        one = _model(name, model, summary.tariff)
        counts = f"{one['answered']:,} answered, {one['failed']:,} failed"
        yield f"{name}: {counts}, {one['retries']:,} retries in {one['seconds']:,.1f} s"
        kinds = (
            f"{one['prompt_tokens']:,} prompt and {one['completion_tokens']:,} completion tokens"
        )
        yield f"  {kinds}, {one['tokens_per_second']:,.1f}/s together"
        for who, part in one["providers"].items():
            cost = _cost_words(part["cost"], summary.tariff)
            yield f"  {part['answered']:,} answered by {who or 'somebody unnamed'}{cost}"


def _words(summary: Summary) -> list[str]:
    where, tally = summary.where, summary.tally
    told = [f"{where.source}: {summary.lines:,} lines, {tally.answered:,} answered now"]
    counts = {
        "answered before": summary.files.answered_before,
        "failed now": tally.failed,
        "failed before": summary.files.failed_before,
        "could not be sent": summary.files.invalid,
        "left": summary.left,
    }
    told[0] += "".join(f", {count:,} {words}" for words, count in counts.items() if count)
    unmetered = sum(model.unmetered for model in tally.models.values())
    if unmetered:
        told.append(f"{unmetered:,} answers say nothing of tokens: they are not in these figures")
    told.append(f"answers: {where.answers}")
    if where.dead_letters.exists():
        told.append(f"dead letters: {where.dead_letters}; remove it and run again to try them anew")
    return told


def _document(summary: Summary) -> dict[str, Any]:
    models = {
        name: _model(name, model, summary.tariff)
        for name, model in sorted(summary.tally.models.items())
    }
    return {
        "input": str(summary.where.source),
        "output": str(summary.where.answers),
        "dead_letters": str(summary.where.dead_letters),
        "lines": summary.lines,
        "answered": summary.tally.answered,
        "failed": summary.tally.failed,
        "answered_before": summary.files.answered_before,
        "failed_before": summary.files.failed_before,
        "invalid": summary.files.invalid,
        "left": summary.left,
        "stopped": str(summary.stopped) if summary.stopped else None,
        "currency": summary.tariff.currency or None,
        "cost": _sum(model["cost"] for model in models.values()),
        "models": models,
    }


def _model(name: str, model: Model, tariff: Tariff) -> dict[str, Any]:
    tokens, money = model.all_tokens, costs(name, model, tariff)
    return {
        "answered": model.answered,
        "failed": model.failed,
        "retries": model.retries,
        **_tokens(tokens),
        "without_usage": model.unmetered,
        "seconds": round(model.seconds, 3),
        "tokens_per_second": round(sum(tokens) / model.seconds, 1) if model.seconds else 0.0,
        "providers": {
            who: {
                **_tokens(model.tokens.get(who, Tokens())),
                "answered": count,
                "cost": money.get(who),
            }
            for who, count in sorted(model.providers.items())
        },
        "cost": _sum(money.values()),
    }


def _tokens(tokens: Tokens) -> dict[str, int]:
    return {"prompt_tokens": tokens.prompt, "completion_tokens": tokens.completion}


def _sum(parts: Iterable[float | None]) -> float | None:
    """Of what has a price; None where nothing has."""
    known = [part for part in parts if part is not None]
    return round(sum(known), 6) if known else None


def _cost_words(cost: float | None, tariff: Tariff) -> str:
    return "" if cost is None else f", cost {cost:,.4f} {tariff.currency}".rstrip()
