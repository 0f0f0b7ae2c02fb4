"""`homeport drain ENV REPLICA` and `undrain`: takes a replica out at every gateway, or back in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from checks.committed import read_committed
from deploys.cli.apply import ReasonOption, reason_words
from deploys.cli.options import EnvironmentArgument
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.cli.root import repository_root
from deploys.history.words import REPLICA
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

ReplicaArgument = Annotated[str, typer.Argument(help="Its name, as `homeport plan` shows it.")]


def drain(
    environment: EnvironmentArgument, replica: ReplicaArgument, reason: ReasonOption = ""
) -> int:
    """Sends a replica no more requests; its running answers go on, and an apply keeps it so."""
    said = f"{replica} gets no new requests; `homeport undrain {environment} {replica}` ends that"
    return _run(environment, replica, "deploys/drain.py", reason, said)


def undrain(environment: EnvironmentArgument, replica: ReplicaArgument) -> int:
    """Lets every gateway use a replica again that somebody has drained."""
    said = f"{replica} gets requests again"
    return _run(environment, replica, "deploys/undrain.py", "", said)


def _run(environment: str, replica: str, deploy: str, reason: str, said: str) -> int:
    root = repository_root()
    gateways = _gateways(root, environment, replica)
    limits = [word for name in gateways for word in ("--limit", name)]
    words = {REPLICA: replica, **reason_words(reason)}
    result = run_pyinfra(root, environment, deploy, limits, words=words)
    if result.exit_code:
        print(result.explanation, file=sys.stderr)
    else:
        print(f"{environment}: {said}" if result.changed else f"{environment}: nothing to do")
    return result.exit_code


def _gateways(root: Path, environment: str, replica: str) -> list[str]:
    """The gateways as pyinfra calls them; raises Refused for a replica that there is not."""
    committed = read_committed(root, environment)
    known = {one.name: one for host in committed for one in host.replicas}
    if replica not in known:
        found = f"there is no replica `{replica}`"
        raise Refused([Complaint(f"compose/{environment}", "", found, near_miss(replica, known))])
    return [host.host.connection for host in committed if host.release.gateway is not None]
