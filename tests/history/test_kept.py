"""What a host keeps, and what it need not keep any more."""

import os
import subprocess
from pathlib import Path

import pytest

from deploys.history.kept import (
    KEPT,
    Applied,
    Kept,
    after_apply,
    fleet_name,
    parse_kept,
    question,
    removable,
)


def _kept(*pairs: str, fleet: str = "") -> Kept:
    """Fleets and releases as `fleet:release`, oldest first; the last one is current."""
    applied = [
        Applied(fleet=pair.partition(":")[0], release=pair.partition(":")[2], at=number)
        for number, pair in enumerate(pairs)
    ]
    current = next((one for one in applied if one.fleet == fleet), applied[-1])
    folders = tuple(sorted({one.release for one in applied}))
    return Kept(
        current=current.release,
        fleet=current.fleet,
        folders=folders,
        applied=tuple(reversed(applied)),
    )


def _ask(folder: Path) -> Kept:
    shell = ["sh", "-c", question(str(folder))]
    answer = subprocess.run(shell, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return parse_kept(answer.stdout.splitlines())


def _lay(folder: Path, *releases: str) -> None:
    (folder / "applied").mkdir(parents=True)
    (folder / "gateway").mkdir()
    for number, release in enumerate(releases, start=1):
        (folder / "releases" / release / "nginx").mkdir(parents=True)
        (folder / "releases" / release / "release.yaml").touch()
        link = folder / "applied" / f"fleet{release}"
        link.symlink_to(f"../releases/{release}")
        os.utime(link, (number, number), follow_symlinks=False)
    (folder / "current").symlink_to(f"releases/{releases[-1]}")
    (folder / "fleet").symlink_to(f"applied/fleet{releases[-1]}")


def test_what_a_host_keeps_is_read_as_it_lies_there(tmp_path: Path) -> None:
    place = tmp_path / "it's here"
    _lay(place, "one", "two")
    (place / "gateway" / "current").symlink_to("../releases/one/nginx")
    (place / "releases" / "half").mkdir()
    kept = _ask(place)
    assert (kept.current, kept.gateway, kept.fleet) == ("two", "one", "fleettwo")
    assert kept.folders == ("half", "one", "two")
    assert set(kept.staged_at) == {"one", "two"}
    assert [(one.fleet, one.release, one.at) for one in kept.applied] == [
        ("fleettwo", "two", 2),
        ("fleetone", "one", 1),
    ]
    assert kept.current_since > 0


def test_a_bare_host_keeps_nothing(tmp_path: Path) -> None:
    assert _ask(tmp_path / "missing") == Kept()
    assert _ask(tmp_path) == Kept()


@pytest.mark.parametrize("line", ["applied yesterday f r", "current x releases/one", "folder"])
def test_an_answer_that_makes_no_sense_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_kept([line])


def test_a_fleet_of_one_host_is_called_as_its_release() -> None:
    assert fleet_name({"gpu1": "abc"}) == "abc"


def test_a_fleet_has_another_name_when_any_host_has_another_release() -> None:
    before = fleet_name({"gpu1": "abc", "gpu2": "def"})
    assert before == fleet_name({"gpu2": "def", "gpu1": "abc"})
    assert before != fleet_name({"gpu1": "abc", "gpu2": "abd"})
    assert before != fleet_name({"gpu1": "abc", "gpu3": "def"})


def test_the_last_five_releases_stay() -> None:
    kept = _kept("a:a", "b:b", "c:c", "d:d", "e:e", "f:f", "g:g")
    assert removable(kept, {"g"}) == (["a", "b"], ["a", "b"])


def test_five_releases_are_not_too_many() -> None:
    kept = _kept("a:a", "b:b", "c:c", "d:d", "e:e")
    assert removable(kept, {"e"}) == ([], [])


def test_a_current_release_stays_however_old_it_is() -> None:
    kept = _kept("a:a", "b:b", "c:c", "d:d", "e:e", "f:f", fleet="a")
    assert removable(kept, {kept.current, kept.gateway}) == ([], [])


def test_what_the_gateway_still_serves_stays() -> None:
    kept = _kept("a:a", "b:b", "c:c", "d:d", "e:e", "f:f")
    assert removable(kept, {"f", "a"}) == (["a"], [])


def test_a_release_that_was_never_applied_is_removed() -> None:
    kept = _kept("a:a", "b:b")
    broken = Kept(**{**vars(kept), "folders": ("a", "b", "broken")})
    assert removable(broken, {"b"}) == ([], ["broken"])


def test_a_host_that_seldom_changes_keeps_the_last_fleets_and_its_last_releases() -> None:
    kept = _kept("1:old", "2:a", "3:b", "4:b", "5:b", "6:b", "7:b", "8:b")
    fleets, releases = removable(kept, {"b"})
    assert releases == []
    assert fleets == ["3"]


def test_a_dry_run_says_what_an_apply_will_remove() -> None:
    before = _kept("a:a", "b:b", "c:c", "d:d", "e:e")
    predicted = removable(after_apply(before, "f", "f"), {"f"})
    assert predicted == removable(_kept("a:a", "b:b", "c:c", "d:d", "e:e", "f:f"), {"f"})
    assert predicted == (["a"], ["a"])


def test_applying_an_old_release_again_makes_it_the_newest() -> None:
    again = after_apply(_kept("a:a", "b:b"), "a", "a")
    assert [one.fleet for one in again.applied] == ["a", "b"]
    assert again.before("a") == "b"


def test_an_apply_after_a_rollback_goes_back_to_where_it_began() -> None:
    gone_back = Kept(**{**vars(_kept("good:good", "bad:bad")), "fleet": "good"})
    again = after_apply(gone_back, "new", "new")
    assert [one.fleet for one in again.applied] == ["new", "good", "bad"]


def test_no_more_than_twice_five_fleets_are_remembered() -> None:
    pairs = [f"{number}:r{number // 3}" for number in range(60)]
    fleets, _ = removable(_kept(*pairs), set())
    assert 60 - len(fleets) <= 2 * KEPT
