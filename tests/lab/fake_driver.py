"""The real nvidia-ml-py on the fake library, without a host: state files in, answers out."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.gpus import Gpu, changed, state_files
from tests.lab.nvml_library import SOURCES, library

# Names that expressions may use beside pynvml's own.
SURVEY = """
import json, sys, time
from pynvml import *
def ask(call, *arguments):
    try:
        value = call(*arguments)
    except NVMLError as error:
        return {"code": error.value}
    fields = getattr(value, "_fields_", None)
    return {name: getattr(value, name) for name, *_ in fields} if fields else value
def first():
    return nvmlDeviceGetHandleByIndex(0)
def sram(device):
    status = c_nvmlEccSramErrorStatus_v1_t()
    nvmlDeviceGetSramEccErrorStatus(device, byref(status))
    return status
nvmlInit()
print(json.dumps(eval(sys.argv[1]), default=lambda value: value.__dict__))
"""


@dataclass(frozen=True)
class FakeDriver:
    """A folder of state files, and pynvml in a process that reads them."""

    folder: Path
    host: str = "gpu1"
    """Whose UUIDs the GPUs carry."""

    def has(self, *gpus: Gpu) -> "FakeDriver":
        for path, file in state_files(self.host, gpus, str(self.folder)).items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(file.content)
        return self

    def change(self, file: str, changes: Mapping[str, str | None]) -> None:
        path = self.folder / file
        path.write_text(changed(path.read_text(), changes))

    def answers_nvml(self, monkeypatch: pytest.MonkeyPatch, lacking: Sequence[str] = ()) -> None:
        """Has every program that this test starts find these GPUs in the driver's libraries.

        `lacking`: functions that an older driver does not have.
        """
        monkeypatch.setenv("HOMEPORT_LAB_NVML", str(self.folder))
        monkeypatch.setenv("LD_LIBRARY_PATH", str(library(lacking).parent))

    def answers_nvidia_smi(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Has every program that this test starts find an nvidia-smi that shows these GPUs."""
        monkeypatch.setenv("HOMEPORT_LAB_NVML", str(self.folder))
        monkeypatch.setenv("PATH", f"{SOURCES / 'bin'}:{os.environ['PATH']}")

    def has_engines(self, monkeypatch: pytest.MonkeyPatch, words: str = "exit 0") -> None:
        """Has `docker ps` of the environment `small`'s engines do `words`: there are none.

        Whether Docker runs on this machine is then no matter.
        """
        programs = self.folder / "programs"
        programs.mkdir(parents=True, exist_ok=True)
        docker = programs / "docker"
        wanted = "label=homeport.environment=small --filter label=homeport.pool"
        docker.write_text(
            f'#!/bin/sh\n[ "$*" = "ps --no-trunc --quiet --filter {wanted}" ] && {words}\n'
        )
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def ask(self, expression: str) -> Any:  # noqa: ANN401  whatever the expression gives
        """The value of a Python expression with pynvml's names, after nvmlInit."""
        done = self._python(expression)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refuses(self, expression: str = "None") -> str:
        """The last line that pynvml says when it gives up."""
        done = self._python(expression)
        assert done.returncode == 1, done.stdout
        return done.stderr.splitlines()[-1]

    def _python(self, expression: str) -> subprocess.CompletedProcess[str]:
        paths = {"LD_LIBRARY_PATH": str(library().parent), "HOMEPORT_LAB_NVML": str(self.folder)}
        return subprocess.run(
            [sys.executable, "-c", SURVEY, expression], env={**os.environ, **paths},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
