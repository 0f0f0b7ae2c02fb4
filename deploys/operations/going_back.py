"""A release that a host has run before: read there, and refused unless all it needs is there."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyinfra import host
from pyinfra.api.exceptions import DeployError

from deploys.facts.history import KeptReleases
from deploys.facts.images import ImageIds
from deploys.facts.models import StoredSizes
from deploys.facts.release import FileText, StagedFiles
from deploys.history.going_back import fleet_before, fleet_named
from deploys.history.words import RELEASE
from deploys.operations.client_keys import keys_text
from deploys.operations.manifest import (
    RunRelease,
    bring_instead,
    host_directory,
    this_environment,
)
from deploys.operations.refusal_words import REFUSED
from deploys.render.release import Release
from deploys.render.release_text import release_of
from deploys.render.release_watch import FOLDER, program_digest
from deploys.settings.inventory import host_name
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.yaml_text import parsed


def kept_release() -> Release:
    """The release that this host goes back to: HOMEPORT_RELEASE, or the one before.

    From here on it is what this run brings to the host, for every deploy. Raises DeployError,
    which ends the run for every host before anything is changed.
    """
    environment, directory = this_environment(host), host_directory(host)
    name = host_name(host.name)
    kept = {name: host.get_fact(KeptReleases, directory=directory)}
    word = os.environ.get(RELEASE, "")
    try:
        fleet = fleet_named(environment, word, kept) if word else fleet_before(environment, kept)
        release = _read(f"{directory}/releases/{kept[name].release_in(fleet)}")
        complaints = list(_missing(release, directory))
        if complaints:
            raise Refused(complaints)
    except Refused as refused:
        raise DeployError(f"{host.name}: {REFUSED}\n{refused}") from None
    bring_instead(host, RunRelease(release, fleet, goes_back=True))
    return release


def _read(folder: str) -> Release:
    file = f"{host_name(host.name)}: {folder}/release.yaml"
    text = host.get_fact(FileText, path=f"{folder}/release.yaml")
    return release_of(parsed(text, file, _AGAIN), file)


_AGAIN = "another release may do (`homeport releases`); or apply the commit that made this one"


def _missing(release: Release, directory: str) -> Iterator[Complaint]:
    name = f"{host_name(host.name)}: release {release.release}"
    staged = host.get_fact(StagedFiles, directory=f"{directory}/releases/{release.release}")
    for path, sha256 in sorted(release.files.items()):
        if staged.get(path) != sha256:
            found = "has been changed there" if path in staged else "is missing there"
            yield Complaint(name, path, found, _AGAIN)
    yield from _missing_program(name, release, staged)
    references = tuple(sorted(image.reference for image in release.images))
    there = host.get_fact(ImageIds, references=references) if references else {}
    for reference in references:
        if reference not in there:
            yield Complaint(name, f"image {reference}", "is not on the host any more", _AGAIN)
    yield from _missing_models(name, release, directory)
    if release.gateway is not None:
        try:
            keys_text(release, Path.cwd())
        except Refused as refused:
            yield from refused.complaints


def _missing_program(name: str, release: Release, staged: Mapping[str, str]) -> Iterator[Complaint]:
    """By its digest alone: it may be older than the program of this kit."""
    watch = release.watch
    found = watch.program_on(staged, release.files) if watch is not None else {}
    if watch is not None and program_digest(found) != watch.program:
        word = "has been changed there" if found else "is missing there"
        yield Complaint(name, f"{FOLDER}/: the watch's program", word, _AGAIN)


def _missing_models(name: str, release: Release, directory: str) -> Iterator[Complaint]:
    paths = {
        path: (model.name, file)
        for model in release.models
        for path, file in model.places(directory).items()
    }
    sizes = host.get_fact(StoredSizes, paths=tuple(paths)) if paths else {}
    for path, (model, file) in paths.items():
        if sizes.get(path) != file.size_bytes:
            yield Complaint(name, f"model {model}", f"{path} is not there any more", _AGAIN)
