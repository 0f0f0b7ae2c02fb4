"""Two reports beside each other."""

import pytest

from checks.reports.comparison import compare
from checks.reports.comparison_page import page
from deploys.settings.refusal import Refused
from tests.checks.reports.examples import HOSTILE, benchmark, check, host, report
from tests.checks.reports.test_page import words

RESULTS = ("passed", "failed", "unreachable", "skipped")


@pytest.mark.parametrize("new", RESULTS)
@pytest.mark.parametrize("old", RESULTS)
def test_each_change_is_told_for_what_it_is(old: str, new: str) -> None:
    found = compare(report(check("a", old)), report(check("a", new)))
    red = ("failed", "unreachable")
    wanted = {
        (True, True): "still red",
        (False, True): "became red",
        (True, False): "became green",
        (False, False): "",
    }[old in red, new in red]
    if new == "skipped":
        wanted = "" if old == "skipped" else "no longer judged"
    assert list(found.lists) == ([wanted] if wanted else [])
    assert found.is_worse == (wanted == "became red")


def test_what_only_one_of_them_has_is_new_or_gone() -> None:
    old = report(check("a"), check("b", "failed"))
    new = report(check("a"), check("c"), check("d", "failed"), check("a", host="gpu2"))
    found = compare(old, new)
    titles = {name: [one.title for one in of_it] for name, of_it in found.lists.items()}
    assert titles == {
        "new, and red": ["d (gpu1)"],
        "new": ["c (gpu1)", "a (gpu2)"],
        "gone": ["b (gpu1)"],
    }
    assert found.is_worse


def test_hosts_whose_release_changed_are_named() -> None:
    old = report(hosts=[host("gpu1"), host("gpu2"), host("gone")])
    newer = host("gpu2").model_copy(update={"release": "ba9876543210"})
    new = report(hosts=[host("gpu1"), newer, host("more")], fleet="ba9876543210")
    changes = [(one.host, one.old, one.new) for one in compare(old, new).hosts]
    assert changes == [
        ("gone", "0123456789ab", ""),
        ("gpu2", "0123456789ab", "ba9876543210"),
        ("more", "", "0123456789ab"),
    ]


def test_figures_stand_side_by_side() -> None:
    old = report(check("a", "failed"), seconds=10, benchmarks=[benchmark(100)])
    new = report(check("a"), check("b"), seconds=20, benchmarks=[benchmark(150)])
    figures = {one.name: (one.old, one.new) for one in compare(old, new).figures}
    assert figures["checks passed"] == (0, 2)
    assert figures["checks failed"] == (1, 0)
    assert figures["seconds"] == (10, 20)
    assert figures["gpus"] == (4, 4)
    assert figures["first token p50, ms"] == (100, 150)
    (load,) = {one.of for one in compare(old, new).figures} - {""}
    assert load == "chat (prompt 64, completion 16, shared tokens 0, seed 1), 4 users"
    # Neither of them has it.
    assert not [name for name in figures if "total p95" in name]


def test_other_lengths_of_prompts_are_another_load() -> None:
    old, new = report(benchmarks=[benchmark()]), report(benchmarks=[benchmark(workload="longer")])
    found = [one for one in compare(old, new).figures if one.name == "tokens/s"]
    assert sorted((one.old is None, one.new is None) for one in found) == [
        (False, True),
        (True, False),
    ]


def test_reports_of_different_environments_are_refused() -> None:
    with pytest.raises(Refused, match="one is of `lab`, the other of `production`"):
        compare(report(), report(environment="production"))


def test_what_makes_a_comparison_mean_something_else_is_told() -> None:
    late = report(time="2026-11-27T00:00:00.000Z", disruptive=True)
    early = report(fleet="ba9876543210")
    backwards, onwards = compare(late, early).remarks, compare(early, late).remarks
    assert [words.partition(":")[0] for words in backwards] == [
        "the first report is the newer one",
        "only one of them ran with --disruptive",
    ]
    assert onwards == backwards[1:]
    assert compare(early, early).remarks == [
        "both are of one release: what differs is the hosts' doing, not the commit's"
    ]


def test_the_page_of_a_comparison_says_all_of_it() -> None:
    red = check(HOSTILE, "failed")
    new = report(red, check("b"), benchmarks=[benchmark(150)], hosts=[host("more")])
    text = page(compare(report(check("b", "failed"), benchmarks=[benchmark(100)]), new))
    said = words(text)
    for part in (
        "lab: 1 became red, 1 green, 0 still red",
        "New, and red: 1",
        "Became green: 1 b (gpu1)",
        "more none 0123456789ab",
        "checks failed 1 1",
        "first token p50, ms 100 150 +50%",
    ):
        assert part in said
    assert "<script" not in text
