"""Runs llama.cpp on this machine's GPU, and looks at what it takes there."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pynvml

from checks.probes.engine_logs import llamacpp
from checks.probes.engine_logs.reported import Reported
from tests.plan.oracle.engine import BATCH_TOKENS
from tests.plan.oracle.header import write_header
from tests.plan.oracle.questions import Question

GPU = "GPU0"
# As long as the slowest question may take; it computes with layers in RAM.
LIMIT_SECONDS = 60
POLL_SECONDS = 0.02
ANSWER_TOKENS = 8
# Over all sequences: the longer the cache in use, the more an engine may copy of it.
PROMPT_TOKENS = 16384
MIB = 2**20


@dataclass(frozen=True)
class Seen:
    """One run, in MiB."""

    engine: dict[str, float]
    """What llama.cpp said of its buffers on the GPU, by part."""
    process: float
    """The most that the driver counted for it, of everything."""

    @property
    def around(self) -> float:
        """Context, libraries and workspaces: what llama.cpp does not know of."""
        return self.process - sum(self.engine.values())


def measure(program: Path, question: Question, folder: Path) -> Seen | str:
    """What it took to answer a prompt on each sequence; or the line that says why it did not."""
    file = folder / "model.gguf"
    write_header(file, question.shape, question.file_type)
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, *arguments(file, question)], stdout=output, stderr=subprocess.STDOUT
        )
        most = _watched(process)
    file.unlink()
    lines = log.read_text(errors="replace").splitlines()
    said = _on_gpu(llamacpp.read(lines))
    if process.returncode or not said or not most:
        return " / ".join(lines[-3:])[:400]
    return Seen(said, most / MIB)


def arguments(file: Path, question: Question) -> Sequence[str]:
    """Of llama-batched-bench: a prompt on each sequence, then an answer."""
    asked = question.asked
    layers = question.shape.layers + 1 if asked.gpu_layers is None else asked.gpu_layers
    return [
        "-m", str(file), "--verbosity", "4", "--fit", "off",
        "-ngl", str(layers), "-ncmoe", str(asked.experts_on_cpu),
        "-c", str(asked.context_tokens), "-b", str(BATCH_TOKENS),
        "-ub", str(asked.micro_batch_tokens),
        "-ctk", asked.key_type, "-ctv", asked.value_type,
        "-fa", "on" if asked.flash_attention else "off",
        *(["-kvu"] if asked.unified else []),
        "-npp", str(_prompt_tokens(question)), "-ntg", str(ANSWER_TOKENS),
        "-npl", str(asked.sequences),
    ]  # fmt: skip


def _prompt_tokens(question: Question) -> int:
    """Of each sequence: what fills its room, or as much as is computed in seconds."""
    asked = question.asked
    in_ram = asked.experts_on_cpu or asked.gpu_layers is not None
    most = 2 * asked.micro_batch_tokens if in_ram else PROMPT_TOKENS // asked.sequences
    return min(most, asked.context_tokens // asked.sequences - 2 * ANSWER_TOKENS)


def _on_gpu(reported: Reported) -> dict[str, float]:
    return dict(reported.devices.get(GPU, {}))


def _watched(process: "subprocess.Popen[bytes]") -> int:
    """Bytes; waits for its end, and kills it when it takes too long."""
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    give_up = time.monotonic() + LIMIT_SECONDS
    most = 0
    while process.poll() is None:
        if time.monotonic() > give_up:
            process.kill()
        for one in pynvml.nvmlDeviceGetComputeRunningProcesses(device):
            if one.pid == process.pid:
                most = max(most, one.usedGpuMemory or 0)
        time.sleep(POLL_SECONDS)
    return most
