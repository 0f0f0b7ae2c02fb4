"""The watch's program on a host is held against the commit, with the kit's files or without."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checks.committed import read_committed
from checks.probes.drift import Finding, drift
from checks.probes.live import observe
from deploys.render.release_watch import WatchRelease, program_digest
from deploys.render.watch_program import program, program_sha256s
from deploys.settings import inventory
from tests.checks.deployment import Deployment

# As the host has it where the kit has moved on since the commit.
OLDER = "print('older')\n"


@pytest.fixture
def watched(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[tuple[str, str]]]:
    """Whose watch has this kit's program; gives what differs in files, and how it is live."""
    data = {"directory": ".homeport/lab"}
    hosts = [{"name": "@local", "groups": ["lab"], "data": data}]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: hosts)
    for path, file in program().items():
        place = deployment.current / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    _commit(deployment, program_digest(program_sha256s()))

    def ask() -> list[tuple[str, str]]:
        deployment.docker.write()
        (committed,) = read_committed(deployment.root, "lab")
        found: list[Finding] = drift(committed, observe(committed, deployment.root))
        return [
            (one.what, one.live)
            for one in found
            if "watch" in one.what and "systemd" not in one.what
        ]

    return ask


Found = Callable[[], list[tuple[str, str]]]


def _commit(deployment: Deployment, digest: str) -> None:
    deployment.commit(watch=WatchRelease(units=(), look_seconds=15, program=digest))
    manifest = "compose/lab/localhost/release.yaml"
    (deployment.current / "release.yaml").write_bytes((deployment.root / manifest).read_bytes())


def _older(deployment: Deployment) -> Path:
    """Has host and commit agree on a program that this kit does not have; one file of it."""
    file = deployment.current / "watch" / "__main__.py"
    file.write_text(OLDER)
    (committed,) = read_committed(deployment.root, "lab")
    live = observe(committed, deployment.root)
    watch = committed.release.watch
    assert watch is not None
    _commit(deployment, program_digest(watch.program_on(live.files, committed.release.files)))
    return file


def test_a_program_as_the_kit_has_it_is_no_drift(watched: Found) -> None:
    assert watched() == []


def test_a_file_of_it_that_was_changed_added_or_compiled_is_named(
    watched: Found, deployment: Deployment
) -> None:
    watch = deployment.current / "watch"
    (watch / "__main__.py").unlink()
    (watch / "json.py").touch()
    (watch / "__pycache__").mkdir()
    (watch / "__pycache__" / "json.pyc").touch()
    found = dict(watched())
    assert found.keys() == {
        "file watch/__main__.py", "file watch/json.py", "file watch/__pycache__/json.pyc"
    }  # fmt: skip
    assert found["file watch/__main__.py"] == "missing"


def test_one_that_this_kit_does_not_have_is_held_against_its_digest(
    watched: Found, deployment: Deployment
) -> None:
    file = _older(deployment)
    assert watched() == []
    file.write_text("by hand\n")
    ((what, live),) = watched()
    assert what == "folder watch: the program"
    assert len(live) == 12
    for path in program():
        (deployment.current / path).unlink(missing_ok=True)
    assert watched() == [("folder watch: the program", "missing")]
