"""Hosts over a `docker` for PATH: each is this machine with GPUs of its own, and no engine."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu
from tests.lab.nvml_library import library

# What a container would be is a command run here, with that host's own state files.
_PROGRAM = """\
#!/bin/sh
[ "$1" = exec ] || exit 1
export HOMEPORT_LAB_NVML={folder}/$3
if [ ! -d "$HOMEPORT_LAB_NVML" ]; then
  echo "Error response from daemon: No such container: $3" >&2
  exit 1
fi
shift 3
exec "$@"
"""


@dataclass(frozen=True)
class FakeFleet:
    """A folder with one folder of state files for each host."""

    folder: Path

    def has(self, host: str, *gpus: Gpu) -> FakeDriver:
        """Has this host answer, with these GPUs."""
        return FakeDriver(self.folder / host, host).has(*gpus)

    def answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Puts the program on PATH and the driver's libraries where programs find them."""
        self.folder.mkdir(exist_ok=True)
        program = self.folder / "docker"
        program.write_text(_PROGRAM.format(folder=self.folder))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{self.folder}:/usr/local/bin:/usr/bin:/bin")
        monkeypatch.setenv("LD_LIBRARY_PATH", str(library().parent))
