"""A host that is lost by raw pyinfra, whatever it was at: words, no traceback."""

import subprocess
import sys

import pytest

from deploys.history.words import LOST
from tests.operations.store_lab import StoreLab

pytestmark = [pytest.mark.docker, pytest.mark.root]

LONGEST_SECONDS = 60
# Each connection has a process of its own that runs as the operator.
CUT = "pkill -KILL -u operator sshd; sleep 5"
AT = {
    "a fact before anything is done": "host.get_fact(server.Command, command=CUT)",
    "a fact within an operation": "asks()",
    "an operation": "shell(commands=[CUT])",
}
DEPLOY = f"""\
from pyinfra import host
from pyinfra.api import operation
from pyinfra.facts import server
from pyinfra.operations.server import shell

CUT = "{CUT}"


@operation()
def asks():
    if host.state.is_executing:
        host.get_fact(server.Command, command=CUT)
    yield "true"


"""


@pytest.mark.parametrize("at", AT)
def test_a_host_that_is_lost_is_told_without_a_traceback(stores: StoreLab, at: str) -> None:
    (stores.root / "deploy.py").write_text(f"{DEPLOY}{AT[at]}\n")
    command = [sys.executable, "-m", "pyinfra", "-y", "inventories/lab.py", "deploy.py"]
    done = subprocess.run(
        command, cwd=stores.root, capture_output=True, text=True, check=False,
        timeout=LONGEST_SECONDS,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert LOST in said
    assert "Traceback" not in said
    assert "internal exception" not in said
    assert not (stores.root / "pyinfra-debug.log").exists()
