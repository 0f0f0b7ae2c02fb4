"""Releases are kept, gone back to and removed: real pyinfra on this machine, without Docker."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.operations.committed_release import model_copy, write_release
from tests.operations.trial import Trial, deployed, make_trial

pytestmark = pytest.mark.deploys

REMOVING = "Remove releases beyond the last five"


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return make_trial(tmp_path)


def test_of_seven_applies_five_releases_stay_and_then_nothing_is_left_to_do(trial: Trial) -> None:
    for number in range(1, 6):
        assert REMOVING not in deployed(trial.apply(f"release{number}"))
    would = trial.apply("release6", dry=True)
    assert REMOVING in deployed(would)
    assert "release1" in trial.releases
    assert deployed(would) == deployed(trial.apply())
    trial.apply("release7")
    assert trial.releases == {f"release{number}" for number in range(3, 8)}
    assert {link.name for link in (trial.store / "applied").iterdir()} == trial.releases
    assert deployed(trial.apply()) == []
    assert deployed(trial.apply(dry=True)) == []


def test_a_rollback_goes_back_one_and_another_one_more(trial: Trial) -> None:
    for name in ("one", "two", "three"):
        trial.apply(name)
    assert deployed(trial.rollback(dry=True)) == [
        "Prove release two again",
        "Switch to release two",
    ]
    assert trial.current == "three"
    assert trial.rollback().exit_code == ExitCode.DONE
    assert trial.current == "two"
    assert trial.rollback().exit_code == ExitCode.DONE
    assert trial.current == "one"
    refused = trial.rollback()
    assert refused.exit_code == ExitCode.REFUSED
    assert "keeps an earlier release" in refused.explanation


def test_an_apply_after_a_rollback_goes_forward_again(trial: Trial) -> None:
    for name in ("one", "two"):
        trial.apply(name)
    trial.rollback()
    assert trial.current == "one"
    assert trial.apply().exit_code == ExitCode.DONE
    assert trial.current == "two"
    assert [(before, after) for before, after, _ in trial.audit] == [
        ("", "one"), ("one", "two"), ("two", "one"), ("one", "two"),
    ]  # fmt: skip
    assert {line[2] for line in trial.audit} == {"switched"}


def test_a_release_can_be_named_and_an_unknown_one_is_refused(trial: Trial) -> None:
    for name in ("one", "two", "three"):
        trial.apply(name)
    refused = trial.rollback("onne")
    assert refused.exit_code == ExitCode.REFUSED
    assert "did you mean `one`?" in refused.explanation
    assert trial.rollback("one").exit_code == ExitCode.DONE
    assert trial.current == "one"
    # Forward again by name, without the commit.
    assert trial.rollback("three").exit_code == ExitCode.DONE
    assert trial.current == "three"
    assert deployed(trial.rollback("three")) == []


def test_what_was_gone_back_to_is_not_removed_while_it_is_current(trial: Trial) -> None:
    for number in range(1, 6):
        trial.apply(f"release{number}")
    trial.rollback("release1")
    assert deployed(trial.apply("release1")) == []
    assert trial.current == "release1"
    assert len(trial.releases) == 5


def test_a_release_that_never_became_current_is_removed(trial: Trial) -> None:
    trial.apply("one")
    broken = trial.store / "releases" / "broken"
    broken.mkdir()
    assert deployed(trial.apply(dry=True)) == [REMOVING]
    assert deployed(trial.apply()) == [REMOVING]
    assert not broken.exists()
    assert trial.audit[-1] == ("one", "one", "mended")


def test_a_rollback_after_the_clock_was_set_back_goes_to_what_was_before(trial: Trial) -> None:
    trial.apply("one")
    # As if the clock had been an hour ahead when it came.
    link, ahead = trial.store / "applied" / "one", time.time() + 3600
    os.utime(link, (ahead, ahead), follow_symlinks=False)
    for name in ("two", "three"):
        trial.apply(name)
    trial.rollback()
    assert trial.current == "two"


def test_applying_an_old_release_again_makes_it_the_newest(trial: Trial) -> None:
    for name in ("one", "two", "one"):
        trial.apply(name)
    trial.rollback()
    assert trial.current == "two"


def test_a_kept_release_that_was_changed_on_the_host_is_refused(trial: Trial) -> None:
    for name in ("one", "two"):
        trial.apply(name)
    file = trial.store / "releases" / "one" / "nginx" / "nginx.conf"
    file.write_text("by hand\n")
    refused = trial.rollback()
    assert refused.exit_code == ExitCode.REFUSED
    assert "release one: nginx/nginx.conf: has been changed there" in refused.explanation
    file.unlink()
    assert "is missing there" in trial.rollback().explanation
    assert trial.current == "two"


@pytest.mark.parametrize("text", ["", "release: [", "release: one\n"])
def test_a_kept_manifest_that_is_damaged_is_refused_without_a_traceback(
    trial: Trial, text: str
) -> None:
    for name in ("one", "two"):
        trial.apply(name)
    (trial.store / "releases" / "one" / "release.yaml").write_text(text)
    refused = trial.rollback()
    assert refused.exit_code == ExitCode.REFUSED
    assert "releases/one/release.yaml" in refused.explanation
    assert "Traceback" not in refused.explanation


def test_a_model_that_is_gone_is_refused_by_name(trial: Trial) -> None:
    model = model_copy(b"weights", "generated:tiny")
    write_release(trial.root, models=(model,), name="one")
    trial.apply()
    trial.apply("two")
    refused = trial.rollback()
    assert refused.exit_code == ExitCode.REFUSED
    assert "release one: model a-model:" in refused.explanation
    assert trial.current == "two"
    assert not trial.is_locked


def test_nothing_to_do_is_a_line_in_the_audit_log_too(trial: Trial) -> None:
    trial.apply("one")
    (trial.root / "site.py").write_text(
        "from pyinfra import local\n"
        "local.include('deploys/lock.py')\n"
        "local.include('deploys/releases.py')\n"
        "local.include('deploys/switch.py')\n"
        "local.include('deploys/prune.py')\n"
    )
    before = trial.audit
    assert trial.apply().changed == []
    assert trial.audit == [*before, ("one", "one", "unchanged")]


def test_a_failure_is_logged_with_its_operation(trial: Trial) -> None:
    trial.apply("one")
    (trial.root / "fail").touch()
    trial.apply("two", HOMEPORT_REASON="a try")
    assert trial.audit[-1] == ("one", "one", "failed at Fail")
    assert '"reason": "a try"' in (trial.store / "audit.log").read_text()


def test_a_host_that_was_deployed_before_releases_were_counted_begins_to_count(
    trial: Trial,
) -> None:
    trial.apply("one")
    subprocess.run(["rm", "-r", trial.store / "applied", trial.store / "fleet"], check=True)
    assert trial.rollback().exit_code == ExitCode.REFUSED
    trial.apply("two")
    assert trial.current == "two"
    trial.apply("three")
    trial.rollback()
    assert trial.current == "two"


def test_a_run_that_ended_between_the_links_goes_on(trial: Trial) -> None:
    for name in ("one", "two", "three"):
        trial.apply(name)
    links = trial.store / "current"
    os.unlink(links)  # noqa: PTH108 - the link, not what it points to
    links.symlink_to("releases/two")
    # The run for three had switched the fleet alone: going back ends where it had begun.
    trial.rollback()
    assert trial.current == "two"
