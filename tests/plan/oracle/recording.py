"""Answers of the engine, kept, so that fast tests can hold the formulas against them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.plan.oracle.engine import Answer, Reserved
from tests.plan.oracle.header import metadata, tensor_bytes
from tests.plan.oracle.questions import Question, questions

FILE = Path(__file__).with_name("recorded.json")
ABOUT = [
    "What Debian's llama.cpp would reserve: bytes of [model, context, compute] per GPU, for the",
    "questions that tests/plan/oracle/questions.py draws with this seed; a word: why not.",
    "Written by `python -m tests.plan.oracle --seed SEED --record`.",
]


def write(seed: int, asked: Sequence[Question], answers: Sequence[Answer], versions: str) -> None:
    """Replaces what is kept."""
    kept = {
        "about": ABOUT,
        "versions": versions.split(),
        "seed": seed,
        "questions": _digest(asked),
        "answers": [],
    }
    lines = ",\n  ".join(json.dumps(_kept(answer)) for answer in answers)
    text = json.dumps(kept, indent=1).replace('"answers": []', f'"answers": [\n  {lines}\n ]')
    FILE.write_text(text + "\n")


def _kept(answer: Answer) -> str | list[list[int]]:
    if isinstance(answer, str):
        return answer
    return [[one.model, one.context, one.compute] for one in answer]


def read() -> tuple[list[Question], list[Answer]]:
    """Questions and their answers; raises ValueError where other questions are drawn by now."""
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    asked = questions(kept["seed"], len(kept["answers"]))
    if _digest(asked) != kept["questions"]:
        raise ValueError(f"{FILE.name} answers other questions: {ABOUT[2]}")
    return asked, [
        answer if isinstance(answer, str) else tuple(Reserved(*sizes) for sizes in answer)
        for answer in kept["answers"]
    ]


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
