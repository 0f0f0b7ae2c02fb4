"""`homeport store`: backups of the vector store, from the host to here and back."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from checks.committed import Committed, read_committed
from checks.probes.host import Unreachable
from checks.probes.vector_store import drop_restored, dump, load, prove, restored_state, switch
from deploys.cli.exit_codes import ExitCode
from deploys.cli.index_options import released, store_of
from deploys.cli.options import EnvironmentArgument
from deploys.cli.root import repository_root
from deploys.questions.vector_store import mismatches
from deploys.settings.refusal import Complaint, Refused

app = typer.Typer(no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Yes: what is there now goes.")]


@app.command("backup")
def backup(environment: EnvironmentArgument, file: FileArgument) -> int:
    """Writes all collections to a new file, and reads it once more to prove it."""
    store = store_of(read_committed(repository_root(), environment))
    if file.exists():
        raise Refused([Complaint(str(file), "", "is there already", "another name")])
    partial = file.with_name(f"{file.name}.partial")
    try:
        with _new(partial) as target:
            dump(store.host, released(store), target)
            target.flush()
            os.fsync(target.fileno())
        with partial.open("rb") as source:
            prove(store.host, released(store), source)
        partial.rename(file)
    except (Unreachable, subprocess.CalledProcessError) as failed:
        partial.unlink(missing_ok=True)
        return _failed(failed)
    print(f"{file}: {file.stat().st_size:,} bytes, read once more and whole")
    return ExitCode.DONE


@app.command("restore")
def restore(environment: EnvironmentArgument, file: FileArgument, yes: YesOption = False) -> int:
    """Puts a backup in the place of what is there, once it was loaded and is of our models."""
    store = store_of(read_committed(repository_root(), environment))
    if not file.is_file():
        raise Refused([Complaint(str(file), "", "is no file", "a file of `homeport store backup`")])
    if not yes:
        hint = f"homeport store restore {environment} {file} --yes"
        print(f"error: it replaces every collection\nhint: {hint}", file=sys.stderr)
        return ExitCode.CONFIRMATION_NEEDED
    try:
        with file.open("rb") as source:
            load(store.host, released(store), source)
        names = _agreed(store, file)
        switch(store.host, released(store))
    except (Unreachable, subprocess.CalledProcessError) as failed:
        return _failed(failed)
    print(f"restored: {', '.join(names) or 'no collection'}")
    return ExitCode.DONE


def _agreed(store: Committed, file: Path) -> list[str]:
    """Names of the collections that were loaded; raises Refused where one is another model's."""
    retrieval = released(store)
    found = restored_state(store.host, retrieval).collections
    complaints = [
        Complaint(str(file), name, f"holds vectors of {words}", "the commit that it was made with")
        for name, words in mismatches(found, retrieval.collections)
    ]
    if complaints:
        drop_restored(store.host, retrieval)
        raise Refused(complaints)
    return sorted(found)


def _new(path: Path) -> BinaryIO:
    """Texts of users: nobody else may read them. What a backup that was killed left is replaced."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _failed(failed: Unreachable | subprocess.CalledProcessError) -> ExitCode:
    if isinstance(failed, Unreachable):
        print(f"error: {failed}", file=sys.stderr)
        return ExitCode.HOST_UNREACHABLE
    said = (failed.stderr or b"").decode(errors="replace").strip().splitlines()
    print(f"error: {said[-1] if said else failed}", file=sys.stderr)
    print("hint: what was there is as it was", file=sys.stderr)
    return ExitCode.OPERATION_FAILED
