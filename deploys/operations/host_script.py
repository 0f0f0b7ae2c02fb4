"""Commands for a host that are more than one line of shell: bash scripts, and clear refusals.

A script travels as an argument of bash and leaves nothing on the host; nobody there can change it
between its arrival and its run as root.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.connectors.util import CommandOutput

from deploys.settings.refusal import Refused

SCRIPTS = Path(__file__).parent / "scripts"


def run_script(
    script: Path, *arguments: str, sudo: bool = False, given: str | None = None
) -> StringCommand:
    """Runs a bash script with arguments; `sudo` for a root step of a user who is not root.

    `given` travels over standard input, which is where secrets may travel.
    """
    command = (
        "bash -c",
        QuoteString(script.read_text(encoding="utf-8")),
        QuoteString(script.name),
        *map(QuoteString, arguments),
    )
    options: dict[str, Any] = {"_sudo": True} if sudo else {}
    if given is not None:
        options["_stdin"] = given
    return StringCommand(*command, **options)


class _Told(StringCommand):
    """pyinfra shows what a command says only when it has failed, and asks for a class."""

    def execute(
        self,
        state: State,
        host: Host,
        connector_arguments: Any,  # noqa: ANN401  pyinfra's own is a private TypedDict
    ) -> tuple[bool, CommandOutput]:
        connector_arguments.update(self.connector_arguments)
        done, _ = host.run_shell_command(
            self, print_output=True, print_input=state.print_input, **connector_arguments
        )
        # Of a command that failed pyinfra would show the same lines again.
        return done, CommandOutput([])


def told(command: StringCommand) -> StringCommand:
    """A command whose output the operator sees while it runs."""
    return _Told(*command.bits, **command.connector_arguments)


def refuse(error: str, hint: str) -> StringCommand:
    """Fails this host and no other, with what is wrong and what fits."""
    lines = ("printf 'error: %s\\nhint: %s\\n'", QuoteString(error), QuoteString(hint), ">&2")
    return StringCommand(*lines, "&& false")


def refusals(refused: Refused) -> Iterator[StringCommand]:
    """The same with every complaint of the settings or the controller."""
    for complaint in refused.complaints:
        yield refuse(f"{complaint.file}: {complaint.found}", complaint.hint)
