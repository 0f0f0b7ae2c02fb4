"""Which fleet a rollback goes to."""

from dataclasses import replace

import pytest

from deploys.history.going_back import fleet_before, fleet_named
from deploys.history.kept import Applied, Kept
from deploys.settings.refusal import Refused


def _host(*pairs: str, now: str = "") -> Kept:
    """Fleets and releases as `fleet:release`, oldest first; in the last one unless `now` says."""
    applied = [
        Applied(fleet=pair.partition(":")[0], release=pair.partition(":")[2], at=number)
        for number, pair in enumerate(pairs)
    ]
    here = now or (applied[-1].fleet if applied else "")
    current = next((one.release for one in applied if one.fleet == here), "")
    return Kept(current=current, fleet=here, applied=tuple(reversed(applied)))


def test_one_host_goes_back_to_what_it_had_before() -> None:
    assert fleet_before("local", {"localhost": _host("a:a", "b:b", "c:c")}) == "b"


def test_going_back_twice_goes_back_two() -> None:
    assert fleet_before("local", {"localhost": _host("a:a", "b:b", "c:c", now="b")}) == "a"


def test_a_host_that_the_last_apply_did_not_change_stays_as_it_is() -> None:
    hosts = {"gpu1": _host("1:a", "2:b", "3:c"), "gpu2": _host("1:x", "2:y", "3:y")}
    fleet = fleet_before("prod", hosts)
    assert {name: kept.release_in(fleet) for name, kept in hosts.items()} == {
        "gpu1": "b",
        "gpu2": "y",
    }


def test_a_host_that_an_apply_left_out_stays_while_the_others_join_it() -> None:
    hosts = {"gpu1": _host("1:a", "2:b"), "gpu2": _host("1:x")}
    assert fleet_before("prod", hosts) == "1"


def test_hosts_that_came_from_different_releases_are_refused() -> None:
    hosts = {"gpu1": _host("1:a", "2:b", "3:c"), "gpu2": _host("1:x", "3:z")}
    with pytest.raises(Refused, match="came from different releases") as refused:
        fleet_before("prod", hosts)
    assert "gpu1 c, gpu2 z" in str(refused.value)


def test_hosts_of_different_applies_are_refused() -> None:
    hosts = {"gpu1": _host("1:a", "2:b"), "gpu2": _host("1:x", "3:z")}
    with pytest.raises(Refused, match="different applies"):
        fleet_before("prod", hosts)


def test_a_host_that_keeps_no_such_release_is_named() -> None:
    hosts = {"gpu1": _host("1:a", "2:b"), "gpu2": _host("2:y")}
    with pytest.raises(Refused, match="came from different releases"):
        fleet_before("prod", hosts)
    with pytest.raises(Refused, match="prod: gpu2: keeps no release of 1"):
        fleet_named("prod", "1", hosts)


def test_the_first_release_has_nothing_before_it() -> None:
    with pytest.raises(Refused, match="no host keeps an earlier release"):
        fleet_before("local", {"localhost": _host("a:a")})


def test_a_bare_host_has_nothing_to_go_back_to() -> None:
    with pytest.raises(Refused, match="nothing has been applied"):
        fleet_before("local", {"localhost": Kept()})


def test_a_release_of_one_host_names_the_fleet_of_all() -> None:
    hosts = {"gpu1": _host("1:a", "2:b", "3:c"), "gpu2": _host("1:x", "2:y", "3:y")}
    assert fleet_named("prod", "b", hosts) == "2"
    # The newest of those in which gpu2 had it.
    assert fleet_named("prod", "y", hosts) == "3"
    assert fleet_named("prod", "1", hosts) == "1"


def test_an_unknown_release_is_refused_with_the_nearest_one() -> None:
    hosts = {"localhost": _host("0123456789ab:0123456789ab", "ffff:ffff")}
    with pytest.raises(Refused, match="no host keeps a release `0123456789ac`") as refused:
        fleet_named("local", "0123456789ac", hosts)
    assert "did you mean `0123456789ab`?" in str(refused.value)
    with pytest.raises(Refused, match="known here: 0123456789ab, ffff"):
        fleet_named("local", "zzz", hosts)


def test_after_an_apply_that_failed_half_way_the_hosts_go_to_where_it_began() -> None:
    on_the_way = replace(_host("1:a", "2:b"), current="c", unfinished="apply/3")
    hosts = {"gpu1": on_the_way, "gpu2": replace(_host("1:x", "2:y"), unfinished="apply/3")}
    assert fleet_before("prod", hosts) == "2"


def test_a_rollback_that_failed_half_way_goes_on_to_where_it_went() -> None:
    on_the_way = replace(_host("1:a", "2:b", "3:c"), current="a", unfinished="rollback/1")
    assert fleet_before("prod", {"gpu1": on_the_way, "gpu2": _host("1:x", "2:y", "3:z")}) == "1"
