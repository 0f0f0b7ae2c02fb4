"""Every command in README.md but `make test` itself is run here."""

import re

import pytest

from tests.e2e.checkout import ROOT, Checkout

pytestmark = [pytest.mark.docker, pytest.mark.root]


def _commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_the_readme_has_commands() -> None:
    assert {"make demo", "make test"} <= set(_commands())
    assert len(_commands()) > 10


@pytest.mark.parametrize("command", [line for line in _commands() if line != "make test"])
def test_a_command_of_the_readme_works(demo: Checkout, command: str) -> None:
    # A dry run with nothing to change ends with 0 like the rest.
    demo.run(command)
