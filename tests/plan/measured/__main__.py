"""Measures on this machine's GPU: `python -m tests.plan.measured PROGRAM VERSION [--record]`.

PROGRAM is a `llama-batched-bench` that was built for it. Exit code 1 when a target is missed.
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pynvml
from rich.console import Console

from deploys.plan.gpu_catalogue import CatalogueGpu, find_gpu
from tests.plan.accuracy.report import report
from tests.plan.measured import recording
from tests.plan.measured.asking import measure
from tests.plan.measured.choosing import chosen
from tests.plan.measured.comparison import TARGETS, rows
from tests.plan.measured.recording import Measured


def main() -> int:
    """Asks until the time is over, prints the table, keeps the numbers."""
    words = _words()
    gpu = _this_gpu()
    facts: dict[str, Any] = {
        "gpu": gpu.model_dump(),
        "driver": pynvml.nvmlSystemGetDriverVersion(),
        "version": words.version,
        "seed": words.seed,
    }
    print(f"seed {words.seed}; {gpu.name}, driver {facts['driver']}; {words.version}", flush=True)
    found: list[Measured] = []
    give_up = time.monotonic() + words.seconds
    with tempfile.TemporaryDirectory() as name:
        for question in chosen(words.seed, words.each, gpu):
            if time.monotonic() > give_up:
                break
            found.append(Measured(question, measure(words.program, question, Path(name))))
            print(question.family, question.file_type, found[-1].seen, flush=True)
            if words.record:
                recording.write(found, facts)
    compared = rows(found, words.version)
    missed = report(Console(width=120), compared, TARGETS)
    print(f"{len(found)} asked, {sum(isinstance(one.seen, str) for one in found)} not answered")
    return 1 if missed else 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.plan.measured")
    parser.add_argument("program", type=Path)
    parser.add_argument("version")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--each", type=int, default=2, help="questions of each family")
    parser.add_argument("--seconds", type=int, default=600, help="begin none after so long")
    parser.add_argument("--record", action="store_true", help="keep the answers for fast tests")
    return parser.parse_args()


def _this_gpu() -> CatalogueGpu:
    pynvml.nvmlInit()
    name = pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0))
    found = find_gpu(name)
    if found is None:
        sys.exit(f"error: {name}: not in the catalogue of GPUs")
    return found


if __name__ == "__main__":
    sys.exit(main())
