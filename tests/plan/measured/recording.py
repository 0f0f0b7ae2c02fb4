"""What was measured, kept with all that a prediction needs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from deploys.catalogue.architecture import Architecture
from deploys.plan.gpu_catalogue import CatalogueGpu
from deploys.plan.memory.configuration import Device, LlamaCppConfiguration
from tests.plan.measured.asking import Seen
from tests.plan.oracle.questions import Question

FILE = Path(__file__).with_name("measured.json")
ABOUT = [
    "MiB that llama.cpp took of a real GPU for random questions: by part as its log says, and the",
    "most that the driver counted for the process while it answered a prompt on each sequence.",
    "Written by `python -m tests.plan.measured PROGRAM VERSION --record`.",
]


@dataclass(frozen=True)
class Measured:
    """One question, and what was seen; a word: why nothing was."""

    question: Question
    seen: Seen | str


def write(found: Sequence[Measured], facts: dict[str, Any]) -> None:
    """Replaces what is kept."""
    kept = {"about": ABOUT, **facts, "entries": []}
    lines = ",\n  ".join(json.dumps(_kept(one)) for one in found)
    text = json.dumps(kept, indent=1).replace('"entries": []', f'"entries": [\n  {lines}\n ]')
    FILE.write_text(text + "\n")


def _kept(one: Measured) -> dict[str, Any]:
    question = one.question
    return {
        "family": question.family,
        "shape": question.shape.model_dump(exclude_defaults=True),
        "file_type": question.file_type,
        "asked": asdict(replace(question.asked, devices=(), shares=())),
        "seen": one.seen if isinstance(one.seen, str) else asdict(one.seen),
    }


def read() -> tuple[list[Measured], dict[str, Any]]:
    """All entries, and what they were measured with."""
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    gpu = CatalogueGpu.model_validate(kept["gpu"], strict=False)
    return [_read(entry, gpu) for entry in kept.pop("entries")], kept


def _read(entry: dict[str, Any], gpu: CatalogueGpu) -> Measured:
    device = Device(gpu.name, gpu.sm_count, gpu.usable_mib, gpu.process_mib)
    words = entry["asked"] | {"devices": (device,), "shares": (1.0,)}
    question = Question(
        family=entry["family"],
        shape=Architecture.model_validate(entry["shape"], strict=False),
        file_type=entry["file_type"],
        asked=LlamaCppConfiguration(**words),
        gpus=(gpu,),
    )
    seen = entry["seen"]
    return Measured(question, seen if isinstance(seen, str) else Seen(**seen))
