"""`homeport calibrate ENV`: takes what the running engines reported into the next plan."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from checks.committed import Committed, read_committed
from checks.measured import NothingToLearn, measured, merged
from checks.memory_comparison import differences
from checks.probes.engine_logs.reported import Reported
from checks.probes.engine_starts import starts
from checks.probes.host import Unreachable
from checks.probes.live import observe_all
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.render.release import PlannedReplica, Release
from deploys.settings.calibration import (
    Calibration,
    Measured,
    calibration_file,
    read_calibration,
)

HEADER = """\
# What the engines of {environment} reported at their start, less what a plan expects by itself.
# `homeport calibrate {environment}` writes it anew; plans of the same host, GPU and version use it.

"""
DryOption = Annotated[bool, typer.Option("--dry", help="Only show what differs.")]

Started = list[tuple[PlannedReplica, Reported]]


def calibrate(
    environment: EnvironmentArgument, dry: DryOption = False, as_json: JsonOption = False
) -> int:
    """Shows what running engines take beside what was planned, and stores it for the next plan."""
    root = repository_root()
    committed = read_committed(root, environment)
    old = read_calibration(root, environment, [one.host.name for one in committed])
    started, lost = _ask(committed, root)
    found, reasons = _learned(started)
    new = _merged(old, found)
    if as_json:
        print(json.dumps(new.model_dump(mode="json"), indent=2))
    else:
        _print(started, Console())
    for line in [*reasons, *map(str, lost)]:
        print(f"warning: {line}" if line in reasons else f"error: {line}", file=sys.stderr)
    changed = new != old
    if changed and not dry:
        _write(root, environment, new)
    if not as_json:
        print(_next_step(environment, changed=changed, dry=dry))
    if lost:
        return ExitCode.HOST_UNREACHABLE
    if not any(found.values()):
        return ExitCode.OPERATION_FAILED
    return ExitCode.CHANGES_PENDING if changed and dry else ExitCode.DONE


def _ask(
    committed: Sequence[Committed], root: Path
) -> tuple[dict[str, Started], list[Unreachable]]:
    """Host -> the last start of each of its engines that runs."""
    started: dict[str, Started] = {}
    lost = []
    seen = observe_all(committed, root)
    for one in committed:
        live = seen[one.host.name]
        try:
            if isinstance(live, Unreachable):
                raise live
            alone = _on_one_host(one.release)
            found = starts(one.host, live.engines(one.release), alone)
        except Unreachable as unreachable:
            lost.append(unreachable)
            continue
        planned = {replica.name: replica for replica in alone}
        started[one.host.name] = [(planned[name], reported) for name, reported in found.items()]
    return started, lost


def _on_one_host(release: Release) -> tuple[PlannedReplica, ...]:
    """A rank of a group holds a part of the model, and says nothing of one that holds all."""
    joined = release.groups.services if release.groups is not None else ()
    return tuple(one for one in release.replicas if one.name not in joined)


def _learned(started: Mapping[str, Started]) -> tuple[dict[str, list[Measured]], list[str]]:
    """Host -> measurements, and why there is none of some replica."""
    found: dict[str, list[Measured]] = {}
    reasons = []
    for host, engines in started.items():
        for planned, reported in engines:
            try:
                found.setdefault(host, []).append(measured(planned, reported))
            except NothingToLearn as reason:
                reasons.append(f"{host}: {planned.name}: {reason}")
    return found, reasons


def _merged(old: Calibration, found: Mapping[str, Iterable[Measured]]) -> Calibration:
    hosts = {
        host: merged(old.hosts.get(host, ()), found.get(host, ()))
        for host in sorted({*old.hosts, *found})
    }
    return Calibration(hosts={host: entries for host, entries in hosts.items() if entries})


def _print(started: Mapping[str, Started], console: Console) -> None:
    table = Table("host", "replica", "part", "planned", "reported", box=None)
    for host, engines in started.items():
        for planned, reported in engines:
            for one in differences(planned, reported):
                part = f"{one.device} {one.part.replace('_', ' ')}"
                table.add_row(host, planned.name, part, one.planned, one.reported)
    if table.row_count:
        console.print("beyond the error that the plan states:", highlight=False)
        console.print(table, markup=False, highlight=False)
    else:
        count = sum(len(engines) for engines in started.values())
        console.print(f"{count} engines take what was planned", highlight=False)


def _write(root: Path, environment: str, new: Calibration) -> None:
    path = root / calibration_file(environment)
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(calibration_text(environment, new), encoding="utf-8")
    part.replace(path)


def _next_step(environment: str, *, changed: bool, dry: bool) -> str:
    file = calibration_file(environment)
    if not changed:
        return f"{file}: nothing new"
    if dry:
        return f"{file} would change\nnext: homeport calibrate {environment}"
    return f"wrote {file}; review and commit it\nnext: homeport plan {environment}"


def calibration_text(environment: str, calibration: Calibration) -> str:
    """The file, the same bytes for the same measurements."""
    body = yaml.safe_dump(calibration.model_dump(mode="json"), sort_keys=False, width=100)
    return HEADER.format(environment=environment) + body
