"""Brings a model's files into a host's content-addressed store."""

from collections.abc import Generator
from functools import cache
from pathlib import Path

from pyinfra import host
from pyinfra.api import FileUploadCommand, FunctionCommand, StringCommand, operation

from deploys.catalogue.digest import sha256_of
from deploys.catalogue.model import ModelFile
from deploys.catalogue.sources import obtain
from deploys.facts.models import StoredSizes
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.settings.refusal import Complaint, Refused

# On the controller, below the repository root.
CONTROLLER_STORE = Path(".homeport/models")

Commands = Generator[StringCommand | FileUploadCommand | FunctionCommand, None, None]


@operation()
def stored(directory: str, model: str, source: str, files: tuple[ModelFile, ...]) -> Commands:
    """
    Have a model's files on the host, whole and proved.

    + directory: the kit's folder on the host
    + model: its name in inventories/models.yaml
    + source: ``https://…`` is downloaded by the host; other sources lie on this machine
    + files: what belongs to it, with sizes and sha256
    """
    store = f"{directory}/models"
    paths = {f"{store}/{file.sha256}/{file.name}": file for file in files}
    sizes = host.get_fact(StoredSizes, paths=tuple(paths))
    missing = [file for path, file in paths.items() if sizes.get(path) != file.size_bytes]
    if not missing:
        host.noop(f"model {model} is there")
        return
    for file in missing:
        yield _step("reserve", store, file)
        yield _say(f"{model}: {file.size_bytes / 2**20:.1f} MiB from {source}")
        if source.startswith(("http://", "https://")):
            yield _step("fetch", store, file, source)
        else:
            yield from _from_here(store, file, source)
        yield _step("place", store, file)


def _from_here(store: str, file: ModelFile, source: str) -> Commands:
    # pyinfra prepares an operation only up to its first command, so a dry run does not come here.
    try:
        path = controller_copy(source, file)
    except Refused as refused:
        for complaint in refused.complaints:
            yield refuse(f"{complaint.file}: {complaint.found}", complaint.hint)
        return
    if host.name == "@local":
        # pyinfra's upload to this machine would hold the whole file in memory.
        yield _step("copy", store, file, str(path.resolve()))
    else:
        yield FileUploadCommand(str(path), f"{store}/.incoming-{file.sha256}/{file.name}")


def controller_copy(source: str, file: ModelFile) -> Path:
    """The file on this machine, proved before it travels; raises Refused."""
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


def _step(step: str, store: str, file: ModelFile, *source: str) -> StringCommand:
    size = str(file.size_bytes)
    return run_script(SCRIPTS / "store-model", step, store, file.sha256, file.name, size, *source)


def _say(message: str) -> FunctionCommand:
    return FunctionCommand(host.log, (message,), {})
