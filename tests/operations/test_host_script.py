"""Commands whose output the operator sees while they run."""

from typing import Any, cast

from pyinfra.api import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.connectors.util import CommandOutput, OutputLine

from deploys.operations.host_script import told


class _Host:
    """What a host would answer, and how it was asked."""

    def __init__(self, answer: tuple[bool, CommandOutput]) -> None:
        self.answer = answer
        self.arguments: dict[str, Any] = {}

    def run_shell_command(self, command: StringCommand, **arguments: object) -> object:
        self.arguments = arguments
        return self.answer


class _State:
    print_input = False


def run(host: _Host) -> tuple[bool, CommandOutput]:
    command = told(StringCommand("true", _stdin="secret"))
    return cast(
        "tuple[bool, CommandOutput]",
        command.execute(cast("State", _State()), cast("Host", host), {"_sudo": True}),
    )


def test_output_is_shown_as_it_comes_and_not_again_after_a_failure() -> None:
    host = _Host((False, CommandOutput([OutputLine("stderr", "error: no")])))
    done, shown_again = run(host)
    assert not done
    assert shown_again.output == ""
    assert host.arguments["print_output"] is True
    assert (host.arguments["_stdin"], host.arguments["_sudo"]) == ("secret", True)
