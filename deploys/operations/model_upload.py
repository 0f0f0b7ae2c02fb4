"""Models that lie on the controller, or are made there, on their way to a host."""

import base64
from collections.abc import Generator
from functools import cache
from pathlib import Path

from pyinfra import host
from pyinfra.api import FunctionCommand, QuoteString, StringCommand

from deploys.catalogue.digest import sha256_of
from deploys.catalogue.model import ModelFile
from deploys.catalogue.sources import obtain
from deploys.catalogue.store import COMMITTED, file_source
from deploys.facts.models import StoredSizes
from deploys.operations.host_script import SCRIPTS, refusals, run_script, told
from deploys.settings.refusal import Complaint, Refused

# On the controller, below the repository root.
CONTROLLER_STORE = Path(".homeport/models")
# What is held in memory, three times; each piece costs a new channel. Of one that is cut, what came
# stays.
PIECE_BYTES = 16 * 2**20
# Lines that say how far an upload is.
REPORTS = 20

Commands = Generator[StringCommand | FunctionCommand, None, None]


def uploaded(directory: str, file: ModelFile, source: str) -> Commands:
    """Has a file of the controller in the host's .incoming; goes on where the last run stopped."""
    # pyinfra prepares an operation only up to its first command, so a dry run does not come here.
    try:
        path = controller_copy(file_source(source, file.name), file)
    except Refused as refused:
        yield from refusals(refused)
        return
    if host.name == "@local":
        # It need not travel.
        yield store_step("copy", directory, file, str(path.resolve()))
        return
    yield from _pieces(directory, file, path)


def _pieces(directory: str, file: ModelFile, path: Path) -> Commands:
    # Through standard input rather than SFTP: pyinfra's own upload goes to /tmp first, where it
    # needs the room twice and starts over after a cut.
    incoming = f"{directory}/models/.incoming/{file.sha256}"
    here = host.get_fact(StoredSizes, paths=(incoming,)).get(incoming, 0)
    if here > file.size_bytes:
        yield StringCommand("rm", QuoteString(incoming))
        here = 0
    with path.open("rb") as content:
        content.seek(here)
        while piece := content.read(PIECE_BYTES):
            step = store_step("append", directory, file, str(here))
            # pyinfra writes to the host's standard input line by line.
            step.connector_arguments["_stdin"] = base64.b64encode(piece).decode()
            yield told(step)
            before, here = here, here + len(piece)
            if here * REPORTS // file.size_bytes > before * REPORTS // file.size_bytes:
                percent = here * 100 // file.size_bytes
                size_mib = file.size_bytes / 2**20
                yield say(f"{file.name}: {percent} % of {size_mib:.1f} MiB from here")


def controller_copy(source: str, file: ModelFile) -> Path:
    """The file on this machine, proved before it travels; raises Refused."""
    if source.startswith(COMMITTED):
        # Proved with the rest of the release when that was read.
        return Path(source.removeprefix(COMMITTED))
    kept = CONTROLLER_STORE / file.name
    if not source.startswith("file:") and _is(kept, file):
        return kept
    path = obtain(source, CONTROLLER_STORE, lambda here, total: None)
    if not _is(path, file):
        found = "is another file than inventories/models.yaml lists"
        hint = "`homeport models add` takes it in under a new name; or bring the old file back"
        raise Refused([Complaint(str(path), "", found, hint)])
    return path


def _is(path: Path, file: ModelFile) -> bool:
    if not path.is_file():
        return False
    status = path.stat()
    if status.st_size != file.size_bytes:
        return False
    return _digest(path, status.st_size, status.st_mtime_ns) == file.sha256


@cache
def _digest(path: Path, size_bytes: int, modified_ns: int) -> str:
    """Read once per run, however many hosts want the file."""
    return sha256_of(path)


def store_step(step: str, directory: str, file: ModelFile, *arguments: str) -> StringCommand:
    """One step of scripts/store-model."""
    store, size = f"{directory}/models", str(file.size_bytes)
    return run_script(
        SCRIPTS / "store-model", step, store, file.sha256, size, file.name, *arguments
    )


def say(message: str) -> FunctionCommand:
    """A line among the host's output, while the operation goes on."""
    return FunctionCommand(host.log, (message,), {})
