"""What would run out of memory is refused before anything knocks at a host's port."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.environments import ROOT, write_environment

pytestmark = pytest.mark.deploys

ADDRESS = "127.0.0.1"


@dataclass
class Door:
    """A listening port; whoever comes is counted and sent away."""

    port: int
    visitors: int = 0


@pytest.fixture
def door() -> Iterator[Door]:
    """Where the host's sshd would be."""
    with socket.create_server((ADDRESS, 0)) as listener:
        found = Door(listener.getsockname()[1])
        threading.Thread(target=_count, args=(listener, found), daemon=True).start()
        yield found
        # A blocked accept ends with its socket's reading side, not with its descriptor.
        listener.shutdown(socket.SHUT_RDWR)


def _count(listener: socket.socket, door: Door) -> None:
    try:
        while True:
            visitor, _ = listener.accept()
            door.visitors += 1
            visitor.close()
    except OSError:
        return


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: Door) -> Path:
    """A host behind that door, with room for its engines; rendered."""
    _write(tmp_path, door, memory_mib=4096)
    (tmp_path / "deploys" / "site.py").symlink_to(ROOT / "deploys" / "site.py")
    monkeypatch.chdir(tmp_path)
    assert exit_code(["render", "small"]) == ExitCode.DONE
    return tmp_path


def _write(root: Path, door: Door, memory_mib: int) -> None:
    words = f'{{"ssh_port": {door.port}, "ssh_user": "nobody"}}'
    inventory = (
        f'small = [("@ssh/{ADDRESS}", {words})]\n'
        f'gpu_hosts = ["@ssh/{ADDRESS}"]\ngateways = ["@ssh/{ADDRESS}"]\n'
    )
    write_environment(root, inventory=inventory, memory_mib=memory_mib)
    hardware = root / "inventories" / "hardware" / "small.yaml"
    hardware.write_text(hardware.read_text().replace("localhost", ADDRESS))


@pytest.mark.usefixtures("root")
def test_what_fits_is_taken_to_the_host(door: Door) -> None:
    assert exit_code(["apply", "small"]) == ExitCode.HOST_UNREACHABLE
    assert door.visitors


def test_what_would_run_out_of_memory_is_refused_and_nobody_knocks(
    root: Path, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(root, door, memory_mib=300)
    for verb in (["plan"], ["render"], ["apply"], ["apply", "--dry"]):
        assert exit_code([*verb, "small"]) == ExitCode.REFUSED
        assert "300 MiB of RAM cannot hold 512 MiB" in capsys.readouterr().err
    assert door.visitors == 0
