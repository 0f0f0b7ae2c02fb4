"""`homeport survey ENV`: reads what each host is made of and writes it down for review."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from checks.probes.host import Unreachable
from checks.probes.survey import Answer, Surveyed, survey_all
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.hardware_yaml import hardware_file, hardware_of
from deploys.settings.inventory import Inventory, InventoryHost, read_inventory
from deploys.settings.refusal import Complaint, Refused
from deploys.survey.changes import Change, carried_over, changes
from deploys.survey.identity import mistaken_hosts
from deploys.survey.text import updated_text

# The demo's: its rendered files must be the same on every machine, so that no machine is measured.
BY_HAND = "local"

HostOption = Annotated[
    list[str] | None, typer.Option("--host", help="Only this host; may be said several times.")
]
ContextOption = Annotated[
    bool,
    typer.Option(
        "--measure-context", help="Also make an empty CUDA context on each GPU, and measure it."
    ),
]


def survey(
    environment: EnvironmentArgument,
    host: HostOption = None,
    measure_context: ContextOption = False,
    as_json: JsonOption = False,
) -> int:
    """Reads GPUs, CPU, RAM and disk of each host into inventories/hardware/ENV.yaml."""
    root = repository_root()
    inventory = read_inventory(root, environment)
    wanted = _wanted(inventory, host or [])
    file = hardware_file(environment)
    text = (root / file).read_text() if (root / file).is_file() else ""
    before = hardware_of(text, file).hosts if text else {}
    answers = _answers(wanted, root, measure_context)
    found = {
        name: carried_over(before.get(name), answer.hardware)
        for name, answer in answers.items()
        if isinstance(answer, Surveyed)
    }
    if mistaken := mistaken_hosts(file, before, found):
        raise Refused(mistaken)
    after = updated_text(text, environment, found) if found else text
    if after != text:
        _write(root / file, after)
    tell = _print_document if as_json else _print
    tell(environment, answers, changes(before, found), after != text)
    return _exit_code(answers)


def _wanted(inventory: Inventory, names: Sequence[str]) -> list[InventoryHost]:
    known = {host.name: host for host in inventory.hosts}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: no host of {inventory.environment}; its hosts: "
            f"{', '.join(known)}"
        )
    if inventory.environment == BY_HAND:
        hint = "copy the environment under a name of your own, which README of inventories shows"
        found = "is written by hand, so that the demo is the same on every machine"
        raise Refused([Complaint(hardware_file(BY_HAND), "", found, hint)])
    return [known[name] for name in dict.fromkeys(names)] or list(inventory.hosts)


def _answers(wanted: Sequence[InventoryHost], root: Path, context: bool) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for name, answer in survey_all(wanted, root, measure_context=context):
        answers[name] = answer
        words = "read" if isinstance(answer, Surveyed) else "failed"
        print(f"[{len(answers)}/{len(wanted)}] {name}: {words}", file=sys.stderr)
    return dict(sorted(answers.items()))


def _write(path: Path, text: str) -> None:
    """All of it or nothing, also when it is interrupted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, newline="\n")
    part.replace(path)


def _print_document(
    environment: str, answers: Mapping[str, Answer], differences: Sequence[Change], written: bool
) -> None:
    read = {name: one for name, one in answers.items() if isinstance(one, Surveyed)}
    document = {
        "environment": environment,
        "surveyed": list(read),
        "written": written,
        "changes": [dataclasses.asdict(change) for change in differences],
        "remarks": {name: list(one.remarks) for name, one in read.items() if one.remarks},
        "failed": {name: str(one) for name, one in answers.items() if name not in read},
    }
    print(json.dumps(document, indent=2))


def _print(
    environment: str, answers: Mapping[str, Answer], differences: Sequence[Change], written: bool
) -> None:
    read = {name: one for name, one in answers.items() if isinstance(one, Surveyed)}
    for change in differences:
        print(change)
    for name, one in read.items():
        for remark in one.remarks:
            print(f"{name}: note: {remark}")
    for name, answer in answers.items():
        if name not in read:
            print(answer, file=sys.stderr)
    _print_end(environment, len(read), differences, written)


def _print_end(environment: str, read: int, differences: Sequence[Change], written: bool) -> None:
    hosts = "1 host is" if read == 1 else f"{read} hosts are"
    if read and not differences:
        print(f"{hosts} what {hardware_file(environment)} says")
    if written:
        print(f"written: {hardware_file(environment)}; review and commit it")
        print(f"next: homeport plan {environment}")


def _exit_code(answers: Mapping[str, Answer]) -> ExitCode:
    if any(isinstance(answer, Unreachable) for answer in answers.values()):
        return ExitCode.HOST_UNREACHABLE
    if not all(isinstance(answer, Surveyed) for answer in answers.values()):
        return ExitCode.OPERATION_FAILED
    return ExitCode.DONE
