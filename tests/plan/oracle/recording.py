"""Answers of the engine, kept, so that fast tests can hold the formulas against them."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.plan.oracle.engine import Answer, Reserved
from tests.plan.oracle.header import metadata, tensor_bytes
from tests.plan.oracle.placed import placed_questions
from tests.plan.oracle.questions import Question, questions


@dataclass(frozen=True)
class Record:
    """A file of answers, and which questions they answer."""

    file: Path
    asked: str
    """In words."""
    draw: Callable[[int, int], list[Question]]
    """(seed, number of cases) -> questions."""


FOLDER = Path(__file__).parent
DRAWN = Record(FOLDER / "recorded.json", "questions.py", questions)
PLACED = Record(FOLDER / "recorded_placed.json", "placed.py", placed_questions)


def about(record: Record) -> list[str]:
    """What the file says of itself."""
    return [
        "What Debian's llama.cpp would reserve: bytes of [model, context, compute] per GPU, for",
        f"the questions that tests/plan/oracle/{record.asked} draws with this seed; a word: why",
        "not. Written by `python -m tests.plan.oracle --seed SEED --record`.",
    ]


def write(record: Record, seed: int, cases: int, answers: Sequence[Answer], versions: str) -> None:
    """Replaces what is kept."""
    kept = {
        "about": about(record),
        "versions": versions.split(),
        "seed": seed,
        "cases": cases,
        "questions": _digest(record.draw(seed, cases)),
        "answers": [],
    }
    lines = ",\n  ".join(json.dumps(_kept(answer)) for answer in answers)
    text = json.dumps(kept, indent=1).replace('"answers": []', f'"answers": [\n  {lines}\n ]')
    record.file.write_text(text + "\n")


def _kept(answer: Answer) -> str | list[list[int]]:
    if isinstance(answer, str):
        return answer
    return [[one.model, one.context, one.compute] for one in answer]


def read(record: Record = DRAWN) -> tuple[list[Question], list[Answer]]:
    """Questions and their answers; raises ValueError where other questions are drawn by now."""
    kept = contents(record)
    asked = record.draw(kept["seed"], kept["cases"])
    if _digest(asked) != kept["questions"]:
        raise ValueError(f"{record.file.name} answers other questions: {about(record)[2]}")
    return asked, [
        answer if isinstance(answer, str) else tuple(Reserved(*sizes) for sizes in answer)
        for answer in kept["answers"]
    ]


def contents(record: Record) -> dict[str, Any]:
    """The file as it is."""
    kept: dict[str, Any] = json.loads(record.file.read_text(encoding="utf-8"))
    return kept


def _digest(asked: Sequence[Question]) -> str:
    """Of all that an answer depends on; the GPUs' sizes are not among it."""
    words = [
        (
            len(one.gpus),
            metadata(one.shape),
            tensor_bytes(one.shape, one.file_type),
            asdict(replace(one.asked, devices=())),
        )
        for one in asked
    ]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
