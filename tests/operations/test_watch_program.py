"""The watch's program comes out of the kit, proved against the release, by real pyinfra."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.render.release_watch import program_digest
from deploys.render.watch_program import program, program_sha256s
from tests.operations.committed_release import commit_release
from tests.operations.trial import Trial, deployed, make_trial

pytestmark = pytest.mark.deploys

WORDS = "{}\n"
KIT = program_digest(program_sha256s("gateway"))
OTHER = "0" * 64


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return make_trial(tmp_path)


def _commit(trial: Trial, name: str, digest: str = KIT) -> None:
    """A release whose watch has this program."""
    folder = trial.root / "compose" / "small" / "localhost" / "watch"
    folder.mkdir(exist_ok=True)
    (folder / "words.json").write_text(WORDS)
    files = {"watch/words.json": hashlib.sha256(WORDS.encode()).hexdigest()}
    watch = {"units": (), "look_seconds": 15, "program": digest, "parts": ("gateway",)}
    commit_release(trial.root, "small", "localhost", release=name, files=files, watch=watch)


def _watched(trial: Trial, name: str) -> Mapping[str, bytes]:
    """Path below a release on the host -> bytes, of its watch."""
    release = trial.store / "releases" / name
    paths = (path for path in (release / "watch").rglob("*") if path.is_file())
    return {str(path.relative_to(release)): path.read_bytes() for path in paths}


def test_the_kits_files_come_beside_the_committed_ones_and_what_is_changed_is_put_right(
    trial: Trial,
) -> None:
    _commit(trial, "one")
    trial.apply()
    kit = {path: file.read_bytes() for path, file in program("gateway").items()}
    assert _watched(trial, "one") == {**kit, "watch/words.json": WORDS.encode()}
    assert deployed(trial.apply()) == []
    watch = trial.store / "releases" / "one" / "watch"
    (watch / "__main__.py").write_text("by hand\n")
    (watch / "json.py").write_text("by hand\n")
    (watch / "__pycache__").mkdir()
    (watch / "__pycache__" / "json.pyc").touch()
    assert deployed(trial.apply()) == ["Stage release one"]
    assert _watched(trial, "one") == {**kit, "watch/words.json": WORDS.encode()}


def test_a_kit_with_another_program_is_refused_while_the_host_is_as_it_was(trial: Trial) -> None:
    _commit(trial, "one")
    trial.apply()
    _commit(trial, "two", OTHER)
    before = trial.audit
    for dry in (True, False):
        refused = trial.apply(dry=dry)
        assert refused.exit_code == ExitCode.REFUSED
        file = "compose/small/localhost/release.yaml"
        assert f"error: {file}: watch.program: the watch's program" in refused.explanation
        assert "hint: homeport render small, review, commit" in refused.explanation
        assert "or check out the version of the kit" in refused.explanation
        assert "Traceback" not in refused.explanation
    assert (trial.releases, trial.current, trial.audit) == ({"one"}, "one", before)
    assert not trial.is_locked


def test_a_rollback_needs_the_program_that_the_host_kept_and_not_this_kits(trial: Trial) -> None:
    _commit(trial, "one")
    trial.apply()
    # As if it had come from an older kit: what lies there is what its release names.
    place = trial.store / "releases" / "one"
    (place / "watch" / "set-drains").write_text("older\n")
    found = {
        path: hashlib.sha256(content).hexdigest()
        for path, content in _watched(trial, "one").items()
        if path != "watch/words.json"
    }
    manifest = place / "release.yaml"
    manifest.write_text(manifest.read_text().replace(KIT, program_digest(found)))
    # Python's own, of somebody who looked by hand.
    (place / "watch" / "deploys" / "__pycache__").mkdir()
    (place / "watch" / "deploys" / "__pycache__" / "x.pyc").touch()
    _commit(trial, "two")
    trial.apply()
    assert trial.rollback().exit_code == ExitCode.DONE
    assert trial.current == "one"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda watch: (watch / "set-drains").write_text("by hand\n"), "has been changed there"),
        (lambda watch: (watch / "set-drains").unlink(), "has been changed there"),
        (lambda watch: (watch / "json.py").write_text("by hand\n"), "has been changed there"),
        (
            lambda watch: [path.unlink() for path in watch.rglob("*") if path.suffix != ".json"
                           and path.is_file()],
            "is missing there",
        ),
    ],
    ids=["edited", "a file less", "a file more", "gone"],
)  # fmt: skip
def test_a_kept_program_that_is_not_what_its_release_names_is_refused(
    change: "object", found: str, trial: Trial
) -> None:
    for name in ("one", "two"):
        _commit(trial, name)
        trial.apply()
    assert callable(change)
    change(trial.store / "releases" / "one" / "watch")
    refused = trial.rollback()
    assert refused.exit_code == ExitCode.REFUSED
    assert f"release one: watch/: the watch's program: {found}" in refused.explanation
    assert "hint: another release may do" in refused.explanation
    assert trial.current == "two"


def test_a_release_of_before_whose_files_have_the_program_can_be_gone_back_to(
    trial: Trial,
) -> None:
    folder = trial.root / "compose" / "small" / "localhost" / "watch"
    folder.mkdir()
    (folder / "__main__.py").write_text(WORDS)
    files = {"watch/__main__.py": hashlib.sha256(WORDS.encode()).hexdigest()}
    watch = {"units": (), "look_seconds": 15}
    commit_release(trial.root, "small", "localhost", release="old", files=files, watch=watch)
    trial.apply()
    assert _watched(trial, "old") == {"watch/__main__.py": WORDS.encode()}
    _commit(trial, "new")
    trial.apply()
    assert trial.rollback().exit_code == ExitCode.DONE
    assert trial.current == "old"
