"""`homeport drift ENV`: live hosts against the commit. Changes nothing."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from checks.committed import Committed, read_committed
from checks.probes.drift import Finding
from checks.probes.drift import drift as drift_of
from checks.probes.host import Unreachable
from checks.probes.live import Live, observe_all
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.history.words import SERVES

DigestsOption = Annotated[
    bool, typer.Option("--digests", help="Also read every byte of the models; takes minutes.")
]


def drift(
    environment: EnvironmentArgument, as_json: JsonOption = False, digests: DigestsOption = False
) -> int:
    """Says in what the hosts differ from the commit."""
    root = repository_root()
    committed = read_committed(root, environment)
    seen = observe_all(committed, root, digests=digests)
    lost = [found for found in seen.values() if isinstance(found, Unreachable)]
    findings = [
        finding
        for one in committed
        if isinstance(live := seen[one.host.name], Live)
        for finding in drift_of(one, live)
    ]
    if as_json:
        print(_document(environment, findings, lost, seen))
    else:
        _print(environment, findings, len(committed) - len(lost))
        _print_states(_states(seen))
        _print_releases(committed, seen)
        _print_drained(_drained(seen))
        _print_standing_in(_standing_in(seen))
        _print_canaries(_canaries(seen))
    for unreachable in lost:
        print(f"error: {unreachable}", file=sys.stderr)
    if lost:
        return ExitCode.HOST_UNREACHABLE
    return ExitCode.CHANGES_PENDING if findings else ExitCode.DONE


def _states(seen: Mapping[str, Live | Unreachable]) -> dict[str, Mapping[str, str]]:
    """Host -> the gateway's runtime state, by file; hosts without any are left out."""
    return {
        name: live.state for name, live in seen.items() if isinstance(live, Live) and live.state
    }


def _marked(seen: Mapping[str, Live | Unreachable]) -> list[dict[str, str]]:
    """What each gateway has marks for: the replica, who made it, and the mark's kind."""
    return [
        {"gateway": name, "replica": replica, "mark": kind, "by": words}
        for name, live in seen.items()
        if isinstance(live, Live)
        for mark, words in live.drained.items()
        for replica, _, kind in [mark.rpartition(".")]
    ]


def _drained(seen: Mapping[str, Live | Unreachable]) -> list[dict[str, str]]:
    """Of these, what it sends nothing to."""
    return [one for one in _marked(seen) if one["mark"] != SERVES]


def _standing_in(seen: Mapping[str, Live | Unreachable]) -> list[dict[str, str]]:
    """Of these, stand-ins that it sends requests to."""
    return [one for one in _marked(seen) if one["mark"] == SERVES]


def _canaries(seen: Mapping[str, Live | Unreachable]) -> list[dict[str, object]]:
    """What share each gateway sends to a pool's candidate."""
    return [
        {"gateway": name, **share.words(), "by": share.who}
        for name, live in seen.items()
        if isinstance(live, Live)
        for share in live.canaries.values()
    ]


def _document(
    environment: str,
    findings: Sequence[Finding],
    lost: Sequence[Unreachable],
    seen: Mapping[str, Live | Unreachable],
) -> str:
    document = {
        "environment": environment,
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "drained": _drained(seen),
        "standing_in": _standing_in(seen),
        "canaries": _canaries(seen),
        "state": _states(seen),
        "unreachable": [{"host": one.host, "reason": one.reason} for one in lost],
    }
    return json.dumps(document, indent=2)


def _print(environment: str, findings: Sequence[Finding], hosts: int) -> None:
    console = Console()
    if not findings:
        noun = "host is" if hosts == 1 else "hosts are"
        console.print(f"{environment}: {hosts} {noun} what was committed", highlight=False)
        return
    table = Table("host", "what", "committed", "live")
    for finding in findings:
        table.add_row(finding.host, finding.what, finding.committed, finding.live)
    console.print(table, markup=False)
    for remedy in dict.fromkeys(finding.remedy for finding in findings):
        names = sorted({finding.host for finding in findings if finding.remedy == remedy})
        words = f"remedy for {', '.join(names)}: {remedy}"
        console.print(words, highlight=False, markup=False, soft_wrap=True)


def _print_states(states: Mapping[str, Mapping[str, str]]) -> None:
    """What people did at the gateway and no commit says: it is no drift, and an apply keeps it."""
    for host, files in states.items():
        for name, text in files.items():
            shown = "; ".join(line.strip() for line in text.splitlines())
            print(f"{host}: state, not drift: {name}: {shown}")


def _print_releases(committed: Sequence[Committed], seen: Mapping[str, Live | Unreachable]) -> None:
    """After a rollback all else follows from this: the host is whole, and not what is committed."""
    for one in committed:
        live = seen[one.host.name]
        if not isinstance(live, Live):
            continue
        runs = live.current.removeprefix("releases/")
        if runs and runs != one.release.release:
            print(
                f"{one.host.name} runs release {runs}; the commit is release {one.release.release}"
            )


def _print_drained(drained: Sequence[Mapping[str, str]]) -> None:
    """State, not drift: an apply keeps it."""
    for one in drained:
        print(f"{one['gateway']}: {one['replica']} is drained by {one['by']}")


def _print_standing_in(stand_ins: Sequence[Mapping[str, str]]) -> None:
    """That its container is left is drift; that requests come to it is state."""
    for one in stand_ins:
        print(f"{one['gateway']}: {one['replica']} serves, let in by a run of {one['by']}")


def _print_canaries(canaries: Sequence[Mapping[str, object]]) -> None:
    """State, not drift, as `homeport canary` has set it."""
    for one in canaries:
        print(
            f"{one['gateway']}: {one['percent']} % of {one['pool']} go to {one['candidate']}, "
            f"set by {one['by']}"
        )
