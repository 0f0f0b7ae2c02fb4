"""Asks Debian's llama.cpp, in a container, what it would reserve on GPUs that are not there."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.images import image
from tests.lab.machine import docker, run
from tests.plan.oracle.header import write_header
from tests.plan.oracle.questions import Question

# llama-server's logical batch; the micro-batch never passes it.
BATCH_TOKENS = 2048
# Two of them on the 2 cores of a small machine; each case is a process of its own.
PROCESSES = 2


@dataclass(frozen=True)
class Reserved:
    """Bytes on one GPU, as llama.cpp counts them."""

    model: int
    context: int
    compute: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.model + self.context + self.compute


Answer = tuple[Reserved, ...] | str
"""One entry per GPU, or why there is none."""


def ask(asked: Sequence[Question], *, all_logits: bool = False) -> list[Answer]:
    """One answer per question. `all_logits`: as llama-fit-params asks, not as llama-server does."""
    reference = image("oracle")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        lines = [_line(folder, index, one, all_logits) for index, one in enumerate(asked)]
        for part in range(PROCESSES):
            words = "\n".join(lines[part::PROCESSES]) + "\n"
            (folder / f"{part}.questions").write_text(words)
        spoken = [_spoken(reference, folder, part) for part in range(PROCESSES)]
        parts = [process.communicate()[0].splitlines() for process in spoken]
    found = [
        json.loads(parts[index % PROCESSES][index // PROCESSES]) for index in range(len(lines))
    ]
    return [_answer(one) for one in found]


def ask_debians_tool(question: Question) -> list[tuple[int, int, int]]:
    """The same from `llama-fit-params --fit-print on`: MiB of (model, context, compute) by GPU."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        words = _line(folder, 0, question, all_logits=True).split()
        command = ["llama-fit-params", "--fit-print", "on", *_arguments(words)]
        options = _options(folder, environment={"NULL_GPUS": words[1]})
        done = run("docker", "run", *options, image("oracle"), *command)
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("CUDA")]
    return [(int(row[1]), int(row[2]), int(row[3])) for row in rows]


def versions() -> str:
    """Of the packages that answer."""
    return docker("run", "--rm", image("oracle"), "cat", "/usr/local/share/versions.txt")


def _line(folder: Path, index: int, question: Question, all_logits: bool) -> str:
    """A question in reserve.cpp's words; its header is written on the way."""
    path = folder / f"{index}.gguf"
    write_header(path, question.shape, question.file_type)
    asked = question.asked
    words = (
        f"/headers/{path.name}",
        ",".join(f"{gpu.usable_mib}@{gpu.compute_capability}" for gpu in question.gpus),
        ",".join(str(share) for share in asked.shares),
        question.shape.layers + 1 if asked.gpu_layers is None else asked.gpu_layers,
        asked.experts_on_cpu,
        asked.context_tokens,
        BATCH_TOKENS,
        asked.micro_batch_tokens,
        asked.sequences,
        int(asked.unified),
        int(asked.flash_attention),
        asked.key_type,
        asked.value_type,
        0 if all_logits else asked.sequences,
    )
    return " ".join(str(word) for word in words)


def _arguments(words: Sequence[str]) -> list[str]:
    file, _, shares, layers, experts, context, batch, micro, sequences, unified, flash, *rest = (
        words
    )
    return [
        "-m", file, "-ts", shares, "-ngl", layers, "-ncmoe", experts, "-c", context,
        "-b", batch, "-ub", micro, "-np", sequences, "-ctk", rest[0], "-ctv", rest[1],
        "-fa", "on" if flash == "1" else "off", *(["-kvu"] if unified == "1" else []),
    ]  # fmt: skip


def _options(folder: Path, environment: dict[str, str] | None = None) -> list[str]:
    given = [f"--env={name}={value}" for name, value in (environment or {}).items()]
    return [
        "--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp",
        f"--volume={folder}:/headers:ro", *given,
    ]  # fmt: skip


def _spoken(reference: str, folder: Path, part: int) -> "subprocess.Popen[str]":
    script = f"reserve < /headers/{part}.questions"
    command = ["docker", "run", *_options(folder), reference, "sh", "-c", script]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _answer(found: dict[str, object]) -> Answer:
    gpus = found.get("gpus")
    if not isinstance(gpus, list):
        return str(found.get("error"))
    return tuple(Reserved(*row[:3]) for row in gpus)
