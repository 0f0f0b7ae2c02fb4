"""Releases on the real demo: kept, removed, gone back to."""

import json

import pytest

from tests.e2e.checkout import Checkout, containers
from tests.e2e.release_steps import (
    SETTINGS,
    apply_release,
    audit_lines,
    current_release,
    is_served,
    kept_releases,
    render_release,
)

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_of_six_applies_five_releases_stay_and_any_of_them_can_be_gone_back_to(
    changed: Checkout,
) -> None:
    before = containers()
    names = [apply_release(changed, seconds) for seconds in (601, 602, 603, 604, 605)]
    render_release(changed, 606)
    dry = changed.homeport("apply local --dry", expect=2)
    assert "Remove releases beyond the last five" in dry
    assert names[0] in kept_releases(changed)
    names.append(apply_release(changed, 606))
    assert len(set(names)) == 6
    assert kept_releases(changed) == set(names[1:])
    assert "nothing had to change" in changed.homeport("apply local --no-verify")
    assert changed.pending() == []
    changed.homeport(f"rollback local {names[1]}")
    assert current_release(changed) == names[1]
    assert is_served(changed)
    assert containers() == before


def test_a_rollback_touches_only_what_differs_and_an_apply_goes_forward_again(
    changed: Checkout,
) -> None:
    first, before = current_release(changed), containers()
    changed.edit(SETTINGS, '"replicas": 2', '"replicas": 3')
    changed.homeport("render local")
    changed.homeport("apply local --no-verify")
    second, after = current_release(changed), containers()
    assert set(after) - set(before) == {"chat-3"}

    dry = changed.homeport("rollback local --dry", expect=2)
    assert f"localhost: {second} -> {first}" in dry
    assert (current_release(changed), containers()) == (second, after)

    said = changed.homeport("rollback local --reason 'one too many'")
    assert f"localhost: {second} -> {first}" in said
    assert "homeport apply local" in said
    assert (current_release(changed), containers()) == (first, before)
    assert is_served(changed)

    drift = changed.homeport("drift local", expect=2)
    assert f"localhost runs release {first}; the commit is release {second}" in drift
    assert "would change" in changed.homeport("apply local --dry", expect=2)

    changed.homeport("apply local")
    changed.homeport("drift local")
    assert current_release(changed) == second
    assert {name: containers()[name] for name in before} == before
    back, forward = audit_lines(changed)[-2:]
    assert (back["action"], back["outcome"], back["reason"]) == (
        "rollback", "switched", "one too many",
    )  # fmt: skip
    assert (back["before"], back["after"]) == (second, first)
    assert (forward["action"], forward["before"], forward["after"]) == ("apply", first, second)


def test_nobody_goes_back_to_what_was_just_gone_back_from(changed: Checkout) -> None:
    good = current_release(changed)
    bad = apply_release(changed, 601)
    changed.homeport("rollback local")
    apply_release(changed, 602)
    changed.homeport("rollback local")
    assert current_release(changed) == good
    changed.homeport("rollback local")
    assert current_release(changed) == bad


def test_an_unknown_release_is_refused_with_the_nearest_one(demo: Checkout) -> None:
    current = current_release(demo)
    refusal = demo.homeport(f"rollback local {current[:-1]}z", expect=7)
    assert f"no host keeps a release `{current[:-1]}z`" in refusal
    assert f"did you mean `{current}`?" in refusal


def test_a_rollback_without_its_image_is_refused_before_any_change(changed: Checkout) -> None:
    first = current_release(changed)
    second = apply_release(changed, 601)
    before = containers()
    image = "homeport/nginx:gone"
    manifest = changed.directory / "releases" / first / "release.yaml"
    text = manifest.read_text()
    reference = next(line.split()[-1] for line in text.splitlines() if "homeport/nginx:" in line)
    manifest.write_text(text.replace(reference, image))
    refusal = changed.homeport("rollback local", expect=7)
    assert f"release {first}: image {image}: is not on the host any more" in refusal
    assert (current_release(changed), containers()) == (second, before)
    assert not (changed.directory / "lock").exists()


def test_a_rollback_without_its_model_is_refused_before_any_change(changed: Checkout) -> None:
    first = current_release(changed)
    second = apply_release(changed, 601)
    folder = changed.directory / "models"
    folder.rename(changed.path / "model")
    try:
        refusal = changed.homeport("rollback local", expect=7)
    finally:
        (changed.path / "model").rename(folder)
    assert f"release {first}: model tiny-random:" in refusal
    assert current_release(changed) == second


def test_a_kept_release_is_proved_again_before_it_is_switched_to(changed: Checkout) -> None:
    apply_release(changed, 601)
    second, before = current_release(changed), containers()
    # What no file of the release shows: a folder that its configuration includes is broken.
    broken = changed.directory / "state" / "gateway" / "broken.conf"
    loaded = changed.directory / "state" / "gateway" / "loaded.conf"
    text = loaded.read_text()
    loaded.rename(broken)
    loaded.write_text("not a map line\n")
    try:
        changed.homeport("rollback local", expect=1)
    finally:
        broken.unlink()
        loaded.write_text(text)
    assert (current_release(changed), containers()) == (second, before)
    assert audit_lines(changed)[-1]["outcome"].startswith("failed at Prove release")


def test_releases_tells_a_program_what_is_kept_and_what_was_done(changed: Checkout) -> None:
    name = apply_release(changed, 601, "--reason 'a smaller limit'")
    done = changed.run(".venv/bin/homeport releases local --json")
    (host,) = json.loads(done.stdout)["hosts"]
    assert host["current"] == name
    newest, before = host["releases"][:2]
    assert (newest["release"], newest["current"], before["current"]) == (name, True, False)
    assert newest["applied"] >= newest["staged"]
    assert host["audit"][-1]["reason"] == "a smaller limit"
    assert host["lock"] is None


def test_no_key_stands_in_lock_or_audit_log(changed: Checkout) -> None:
    apply_release(changed, 601)
    assert changed.key not in (changed.directory / "audit.log").read_text()
