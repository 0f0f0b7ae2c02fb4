"""`homeport render ENV`: writes the files that are committed and shipped."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.cli.stages import run_stages
from deploys.render.differences import Difference


def render(
    environment: EnvironmentArgument,
    check: Annotated[bool, typer.Option("--check", help="Only say what differs.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Writes compose/ENV and nginx/ENV; with --check says what is stale, missing or orphaned."""
    root = repository_root()
    stages = run_stages(root, environment)
    if not check:
        write(root, stages.files, stages.pending)
    if as_json:
        print(json.dumps([dataclasses.asdict(item) for item in stages.pending], indent=2))
    else:
        _print(environment, stages.pending, check)
    return ExitCode.CHANGES_PENDING if check and stages.pending else ExitCode.DONE


def write(root: Path, files: Mapping[str, str], pending: Sequence[Difference]) -> None:
    """Brings the tree to `files`: writes what differs, removes what is orphaned."""
    for difference in pending:
        path = root / difference.path
        if difference.state == "orphaned":
            path.unlink()
            _remove_empty(path.parent)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[difference.path], newline="\n")


def _remove_empty(folder: Path) -> None:
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _print(environment: str, pending: Sequence[Difference], check: bool) -> None:
    for difference in pending:
        print(difference)
    if not pending:
        print("committed files: up to date")
    elif check:
        print(f"next: homeport render {environment}")
    else:
        print(f"{len(pending)} files written; review and commit them")
        print(f"next: homeport apply {environment}")
