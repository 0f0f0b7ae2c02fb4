"""Two who have a gateway load its files at the same time: a person and the watch."""

import subprocess
import time
from pathlib import Path

import pytest

from deploys.operations.host_script import SCRIPTS
from tests.lab.waiting import until

# nginx loads what is there when the signal comes, which is held up until `go` is there.
DOCKER = """\
#!/bin/bash
cd {root} || exit 1
case "$*" in
  *"kill --signal HUP"*) until [ -e go ]; do sleep 0.05; done; cp state/loaded.conf served ;;
  *"/revision"*) cat served ;;
esac
"""


def test_each_of_two_reloads_at_once_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.format(root=tmp_path))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    loaded = tmp_path / "state" / "loaded.conf"
    loaded.parent.mkdir()
    command = ["bash", str(SCRIPTS / "reload-gateway"), "gateways", "-", str(loaded), "3"]
    with subprocess.Popen(command) as first:
        until(loaded.exists)
        with subprocess.Popen(command) as second:
            # Without its turn the second one writes its word now, and the first never sees its own.
            time.sleep(0.3)
            (tmp_path / "go").touch()
    assert (first.returncode, second.returncode) == (0, 0)
