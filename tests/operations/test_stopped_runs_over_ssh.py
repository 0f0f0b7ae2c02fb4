"""A run over SSH that is told to stop ends at once, also while hosts are at a long command."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.operations.killed_run import begun
from tests.operations.store_lab import StoreLab

pytestmark = [pytest.mark.docker, pytest.mark.root]

DIRECTORY = "/srv/stopped"
COMMAND_SECONDS = 60
LONGEST_SECONDS = 20
SITE = f"""\
from pyinfra import local
from pyinfra.operations import server

local.include("deploys/lock.py")
server.shell(name="Take long", commands=["touch {DIRECTORY}/begun; sleep {COMMAND_SECONDS}"])
local.include("deploys/releases.py")
"""


@pytest.fixture
def run(stores: StoreLab) -> Iterator["subprocess.Popen[str]"]:
    """Raw pyinfra, whose hosts are all at the long command."""
    stores.commit([])
    (stores.root / "site.py").write_text(SITE)
    options = ("-m", "pyinfra", "-y", "--data", f"directory={DIRECTORY}")
    process = begun(stores.root, *options, "inventories/lab.py", "site.py")
    for host in stores.lab.hosts:
        host.run(f"timeout {LONGEST_SECONDS} sh -c 'until [ -e {DIRECTORY}/begun ]; do :; done'")
    yield process
    process.kill()
    process.wait()
    for host in stores.lab.hosts:
        host.run(f"pkill -f '[s]leep {COMMAND_SECONDS}'; rm -r {DIRECTORY}", check=False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_a_run_that_is_stopped_frees_every_host_and_says_what_it_was_at(
    stores: StoreLab, run: "subprocess.Popen[str]", number: signal.Signals, code: int
) -> None:
    run.send_signal(number)
    said = run.communicate(timeout=LONGEST_SECONDS)[0]
    assert run.returncode == code, said
    assert "Traceback" not in said
    for host in stores.lab.hosts:
        assert host.run(f"ls {DIRECTORY}").split() == ["audit.log", "begun"]
        assert (
            json.loads(host.run(f"cat {DIRECTORY}/audit.log"))["outcome"] == "stopped at Take long"
        )
