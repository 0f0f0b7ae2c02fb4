"""Brings models into a host's content-addressed store, whole and proved."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import HUB, file_url, store_folder
from deploys.facts.docker import DockerHost
from deploys.facts.models import ModelStore, StoredSizes
from deploys.facts.once import once
from deploys.operations.controller_secrets import revealed
from deploys.operations.host_script import SCRIPTS, refuse, run_script, told
from deploys.operations.model_fleet import Seen, asked_paths, seen, sources
from deploys.operations.model_upload import say, store_step, uploaded
from deploys.render.release import ModelCopy
from deploys.settings.hub import Hub

Commands = Generator[StringCommand | FunctionCommand, None, None]

# What each host of this run holds, by its name; see model_fleet.
FLEET: dict[str, Seen] = {}


@operation(is_idempotent=False)
def room(directory: str, models: tuple[ModelCopy, ...]) -> Commands:
    """
    Look at the host's store, and refuse what its disk cannot take in.

    + directory: the kit's folder on the host
    + models: all that the host is to have
    """
    found = FLEET[host.name] = look(directory, models)
    refusal = without_room(found)
    if refusal is not None:
        yield refuse(*refusal)
        return
    host.noop(f"{found.needed_bytes >> 20} MiB of models are to come, and there is room")


def look(directory: str, models: tuple[ModelCopy, ...]) -> Seen:
    """What the host has of some models; one round trip."""
    store = once(host, ModelStore, directory=directory, paths=asked_paths(models))
    return seen(str(host.name), str(host.data.get("address") or ""), models, store)


def without_room(found: Seen) -> tuple[str, str] | None:
    """Error and hint where a host's disk cannot take in what it lacks."""
    needed, available = found.needed_bytes, found.available_bytes
    if needed <= available:
        return None
    return (
        f"models need {-(-needed >> 20)} MiB more below {found.place}, and "
        f"{available >> 20} MiB are free there",
        "make room there (`homeport models unused` lists what nothing needs), or set `directory` "
        "to a folder on a larger disk",
    )


@operation()
def brought(directory: str, model: ModelCopy, hub: Hub | None) -> Commands:
    """
    Have a model on the host, from outside where no other host of the run brings it.

    + directory: the kit's folder on the host
    + model: its files, with sizes and sha256, and where they come from
    + hub: where ``hub:`` sources lie
    """
    mine = FLEET[host.name]
    if store_folder(model.files) in mine.whole:
        host.noop(f"model {model.name} is there")
        return
    where = sources(FLEET)[mine.name] if host.state.is_executing else {}
    here = [file for file in model.files if where.get(file.sha256, mine.name) == mine.name]
    for file in here:
        if file.sha256 in mine.missing:
            yield from from_outside(directory, model, file, hub)
            mine.missing.pop(file.sha256)
            mine.held.add(file.sha256)
    yield from placed(directory, model)


def from_outside(directory: str, model: ModelCopy, file: ModelFile, hub: Hub | None) -> Commands:
    """Downloads a file to the host, or uploads it; proved afterwards."""
    yield say(f"{model.name}: {file.name}, {file.size_bytes / 2**20:.1f} MiB from {model.source}")
    url = file_url(model.source, file.name, (hub or Hub()).endpoint)
    if url:
        yield from _curl()
        mine = hub is not None and model.source.startswith(HUB)
        token = yield from revealed(hub.token if hub is not None and mine else None)
        step = store_step("fetch", directory, file, url)
        step.connector_arguments["_stdin"] = token
        yield told(step)
    else:
        yield from uploaded(directory, file, model.source)
    yield told(store_step("check", directory, file))


def placed(directory: str, model: ModelCopy) -> Commands:
    """Makes the model's folder as soon as all of its files are there."""
    mine, folder = FLEET[host.name], store_folder(model.files)
    if folder in mine.whole or any(file.sha256 not in mine.held for file in model.files):
        return
    pairs = (word for file in model.files for word in (file.sha256, file.name))
    yield run_script(SCRIPTS / "place-model", f"{directory}/models", folder, *pairs)
    mine.whole.add(folder)


def _curl() -> Commands:
    """Installs curl where it is missing and can be; without it, python3 may do."""
    mine, system = FLEET[host.name], host.get_fact(DockerHost)
    if mine.downloads or not system.apt or not system.may_become_root:
        return
    sudo = system.uid != 0
    if not system.apt_lists_fresh:
        yield run_script(SCRIPTS / "apt", "update", sudo=sudo)
    words = ("install_missing", "curl", "ca-certificates")
    yield run_script(SCRIPTS / "apt", *words, sudo=sudo)
    mine.downloads = True


def arrived(directory: str, file: ModelFile) -> bool:
    """Whether all bytes of a file are in .incoming, proved or not."""
    path = f"{directory}/models/.incoming/{file.sha256}"
    return host.get_fact(StoredSizes, paths=(path,)).get(path) == file.size_bytes
