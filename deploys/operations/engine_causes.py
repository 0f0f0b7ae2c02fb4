"""Why an engine did not become right: what Docker and its log have said, with what to change."""

import io
from typing import Any

from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.connectors.util import CommandOutput, OutputLine

from deploys.causes.explanation import explain
from deploys.causes.lines import lines
from deploys.causes.telling import POOL, Place, below
from deploys.operations.manifest import this_release
from deploys.operations.other_host import CommandFailed, run
from deploys.questions import whole_text

# A failure keeps its log before it says so. What is older is of an earlier one.
FRESH_MINUTES = 2


def kept_log(directory: str, service: str) -> str:
    """Where the log of a container that failed is kept."""
    return f"{directory}/failed/{service}.log"


def log_and_causes(host: Host, log: str, pool: str, failure: CommandFailed) -> str:
    """Lines below what has failed: where its log is kept, then what it tells of.

    To be asked for before anything else starts: what fails next overwrites the log.
    """
    kept = b"" if failure.is_loss else _kept(host, log)
    said = io.BytesIO(f"{failure}\n".encode() + kept)
    place = Place(this_release(host).environment, pool)
    return "\n".join([f"its log: {host.name}:{log}", *below(explain(lines(said)), place)])


def _kept(host: Host, log: str) -> bytes:
    read = StringCommand("find", QuoteString(log), f"-mmin -{FRESH_MINUTES} -exec cat {{}} +")
    try:
        return whole_text.read(run(host, StringCommand(whole_text.question(str(read)))))
    except CommandFailed:
        # What has failed is told all the same.
        return b""


class _Explained(StringCommand):
    """A command that, where it fails, says why after its own words."""

    log = ""
    service = ""

    def execute(
        self,
        state: State,
        host: Host,
        connector_arguments: Any,  # noqa: ANN401  pyinfra's own is a private TypedDict
    ) -> tuple[bool, CommandOutput]:
        done, output = super().execute(state, host, connector_arguments)
        if not done:
            failure = CommandFailed(output.output)
            told = log_and_causes(host, self.log, _pool(host, self.service), failure)
            output.combined_lines += [OutputLine("stderr", line) for line in told.splitlines()]
        return done, output


def explained(command: StringCommand, log: str, service: str) -> StringCommand:
    """The command that starts a service, with its causes below what it says when it fails."""
    made = _Explained(*command.bits, **command.connector_arguments)
    made.log, made.service = log, service
    return made


def _pool(host: Host, service: str) -> str:
    rollouts = this_release(host).rollouts
    return next((one.pool for one in rollouts if one.name == service), POOL)
