"""LocalAI's double as a process on loopback, with what was rendered for a container."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.lab import plain_http
from tests.lab.localai_image import FACTS
from tests.lab.machine import ROOT
from tests.lab.waiting import until

# What takes llama-server's arguments where there is none: the lab's slow engine.
ENGINE = ROOT / "tests" / "lab" / "images" / "engine" / "engine.py"
READY_SECONDS = 60


@dataclass(frozen=True)
class Double:
    """One that runs, or has ended at its start."""

    process: subprocess.Popen[str]
    port: int

    def url(self, path: str) -> str:
        """Of one of its paths."""
        return f"http://127.0.0.1:{self.port}{path}"

    def last_words(self) -> str:
        """What it said, once it has ended by itself."""
        said, _ = self.process.communicate(timeout=READY_SECONDS)
        return said


@contextmanager
def double(
    folder: Path, service: Mapping[str, Any], files: Mapping[str, str], *, backend: bool = True
) -> Iterator[Double]:
    """Started as the rendered service says, with its files where Compose mounts them.

    `folder` stands for the container's root; `files` are texts by name.
    """
    models, backends = folder / "models", folder / "backends"
    _laid_out(models, files)
    if backend:
        _backend(backends / "llama-cpp" / "run.sh")
    with socket.socket() as kept:
        # Bound for as long as the double lives, beside its own: nobody else is given the port.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        with _process(folder, service, port) as process:
            yield Double(process, port)


@contextmanager
def _process(
    folder: Path, service: Mapping[str, Any], port: int
) -> Iterator[subprocess.Popen[str]]:
    places = {
        "LOCALAI_ADDRESS": f"127.0.0.1:{port}",
        "LOCALAI_BACKENDS_SYSTEM_PATH": str(folder / "backends"),
        "LOCALAI_DATA_PATH": str(folder / "data"),
        "LOCALAI_MODELS_PATH": str(folder / "models"),
        "DOUBLE_FACTS": str(FACTS),
    }
    command = [sys.executable, "-m", "tests.lab.localai", *service["command"]]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **service["environment"], **places},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def _laid_out(models: Path, files: Mapping[str, str]) -> None:
    (models / "weights").mkdir(parents=True)
    (models / "weights" / "tiny.gguf").write_text("GGUF")
    for name, text in files.items():
        (models / name).write_text(text)


def _backend(run: Path) -> None:
    run.parent.mkdir(parents=True)
    run.write_text(f'#!/bin/sh\nexec {sys.executable} {ENGINE} "$@"\n')
    run.chmod(0o755)


def ready(found: Double, path: str) -> int:
    """Waits until it answers on the path; the status."""

    def status() -> int:
        if found.process.poll() is not None:
            raise AssertionError(found.last_words())
        try:
            return plain_http.get(found.url(path), timeout=READY_SECONDS).status_code
        except httpx.ConnectError:
            return 0

    return until(status)
