"""The files of a host's current release against the commit, and against this kit's program."""

from collections.abc import Iterator, Mapping

from checks.committed import Committed
from checks.probes.live import Live
from deploys.render.release_watch import FOLDER, program_digest


def file_differences(committed: Committed, live: Live) -> Iterator[tuple[str, str, str]]:
    """What, as committed, as it is. Where this kit has another program of the watch than the
    commit, no file of it can be named, and the digest of what the host has decides.
    """
    wanted = {
        **committed.release.files,
        "release.yaml": committed.manifest_sha256,
        **committed.program,
    }
    unnamed = _unnamed_program(committed, live)
    for path in sorted((wanted.keys() | live.files.keys()) - unnamed.keys()):
        here, there = wanted.get(path), live.files.get(path)
        if here != there:
            yield f"file {path}", short(here) or "no such file", short(there) or "missing"
    watch, found = committed.release.watch, program_digest(unnamed)
    if watch is not None and not committed.program and found != watch.program:
        yield f"folder {FOLDER}: the program", short(watch.program), short(found) or "missing"


def _unnamed_program(committed: Committed, live: Live) -> Mapping[str, str]:
    watch = committed.release.watch
    if watch is None or committed.program:
        return {}
    return watch.program_on(live.files, committed.release.files)


def short(digest: str | None) -> str:
    """Enough of a hash to tell two apart by eye."""
    return (digest or "").removeprefix("sha256:")[:12]
