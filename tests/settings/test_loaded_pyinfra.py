"""What tests ask instead of `python -m pyinfra` says the same, word for word."""

from pathlib import Path

import pytest

from deploys.settings import inventory
from tests.environments import write_environment
from tests.environments.loaded_pyinfra import loaded_pyinfra

ARGUMENTS = ["inventories/small.py", "debug-inventory", "--json"]
# Before any fixture takes its place.
AS_A_COMMAND = inventory._pyinfra


@pytest.mark.parametrize(
    "text",
    [
        None,
        'small = ["gpu1.example", ("gpu2", {"ssh_port": 22})]\nothers = ["gpu2"]\n',
        "small = []\n",
        "1 / 0\n",
        "import os\nsmall = [os.environ['WHO'], os.getcwd()]\n",
        "small = [\n",
    ],
    ids=["this machine", "others", "nobody", "an error", "its surroundings", "no Python"],
)
def test_an_inventory_is_read_as_the_command_reads_it(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", "gpu7")
    root = write_environment(tmp_path, inventory=text)
    right = AS_A_COMMAND(root, ARGUMENTS)
    with loaded_pyinfra() as run:
        found = [run(root, ARGUMENTS) for _ in range(2)]
    for one in found:
        assert (one.returncode, one.stdout) == (right.returncode, right.stdout)
        assert one.stderr == right.stderr
