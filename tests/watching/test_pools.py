"""What a gateway does about sick replicas, and what it must never do."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from deploys.watching.judging import STATES, Verdict
from deploys.watching.pools import Decision, Seen, decide, let_go
from tests.watching.looks import BEGIN, LIMITS

POOLS = {"chat": ["chat-1", "chat-2", "chat-3"], "embed": ["embed-1"]}


def seen(*marks: str, **states: str) -> Seen:
    """`chat_1="stuck"`; whoever is not named is well, and `unknown` says nothing."""
    names = [name for replicas in POOLS.values() for name in replicas]
    found = {name: states.get(name.replace("-", "_"), "well") for name in names}
    verdicts = {name: Verdict(state, "so") for name, state in found.items() if state != "unknown"}
    return Seen(verdicts, frozenset(marks), {})


def decided(found: Seen) -> Decision:
    """For the pools above."""
    return decide(POOLS, found, LIMITS, BEGIN)


def test_nothing_is_done_while_all_are_well() -> None:
    assert decided(seen()) == Decision()


def test_a_sick_replica_is_taken_out_with_what_shows_it() -> None:
    assert decided(seen(chat_2="stuck")).out == {"chat-2": "stuck: so"}


def test_several_sick_ones_are_taken_out_as_long_as_one_is_well() -> None:
    assert decided(seen(chat_1="silent", chat_3="gpu")).out.keys() == {"chat-1", "chat-3"}


def test_the_last_healthy_replica_is_kept_and_so_are_sick_ones_without_a_healthy_one() -> None:
    alone = decided(seen(embed_1="stuck"))
    assert (alone.out, set(alone.kept)) == ({}, {"embed-1"})
    all_sick = decided(seen(chat_1="stuck", chat_2="silent", chat_3="down"))
    assert (all_sick.out, set(all_sick.kept)) == ({}, {"chat-1", "chat-2", "chat-3"})
    assert "no other replica of its pool is known to be well" in all_sick.kept["chat-1"]


def test_one_that_says_nothing_starts_or_is_drained_does_not_count_as_healthy() -> None:
    unknown = seen("chat-3.operator", chat_1="stuck", chat_2="unknown")
    assert decided(unknown).kept.keys() == {"chat-1"}
    assert decided(seen("chat-3.apply", chat_1="stuck", chat_2="starting")).out == {}
    assert decided(seen("chat-3.watch", chat_1="stuck", chat_2="doubtful")).out == {}


def test_half_an_answer_takes_nobody_out_and_lets_nobody_back() -> None:
    found = decided(seen("chat-2.watch", chat_1="unknown", chat_2="unknown"))
    assert (found.out, found.kept, found.proved) == ({}, {}, [])


def test_one_that_is_well_again_comes_back_by_a_real_answer() -> None:
    assert decided(seen("chat-2.watch")).proved == ["chat-2"]
    for state in ("doubtful", "starting", "stuck", "gpu"):
        assert decided(seen("chat-2.watch", chat_2=state)).proved == []


def test_what_people_and_runs_have_drained_is_theirs() -> None:
    for kind in ("operator", "apply"):
        found = decided(seen(f"chat-2.{kind}", chat_2="stuck"))
        assert found == Decision()
        assert decided(seen(f"chat-2.{kind}", "chat-2.watch")).proved == []


def test_a_replica_that_flaps_stays_out_until_an_hour_is_over() -> None:
    times = [BEGIN - 600 * number for number in range(1, 5)]
    flaps = decided(replace(seen("chat-2.watch"), taken={"chat-2": times}))
    assert flaps.proved == []
    assert flaps.stays == {"chat-2": "it was taken out 4 times within an hour"}
    older = {"chat-2": [moment - 3000 for moment in times]}
    assert decided(replace(seen("chat-2.watch"), taken=older)).proved == ["chat-2"]


def test_when_nobody_else_serves_what_the_watch_took_out_goes_back_whatever_it_is() -> None:
    found = decided(seen("chat-1.operator", "chat-2.watch", "chat-3.apply", chat_2="stuck"))
    assert found.back == {"chat-2": "nobody else of its pool serves"}


def test_a_stand_in_that_serves_is_no_drain_of_its_replica() -> None:
    assert decided(seen("chat-2.serves", chat_2="stuck")).out.keys() == {"chat-2"}


def test_a_gateway_lets_go_of_what_it_took_out_or_kept_and_of_nobody_elses() -> None:
    found = seen("chat-1.watch", "chat-2.operator", chat_1="stuck", chat_2="stuck", embed_1="ill")
    assert let_go(found, {"embed-1": "so"}) == ["chat-1", "embed-1"]
    assert let_go(seen("chat-1.watch", "chat-1.operator", chat_1="stuck"), {}) == []
    assert let_go(seen("chat-1.watch"), {}) == []


@given(
    st.lists(st.sampled_from([*STATES, "unknown"]), min_size=3, max_size=3),
    st.sets(
        st.tuples(
            st.sampled_from(["chat-1", "chat-2", "chat-3"]),
            st.sampled_from(["watch", "apply", "operator"]),
        )
    ),
)
def test_no_pool_that_serves_is_ever_left_without_a_healthy_replica(
    states: list[str], marks: set[tuple[str, str]]
) -> None:
    words = dict(zip(("chat_1", "chat_2", "chat_3"), states, strict=True))
    before = seen(*(".".join(mark) for mark in marks), **words)
    decision = decided(before)
    serving = {name for name in POOLS["chat"] if not before.kinds(name)}
    after = serving - decision.out.keys()
    healthy = {name for name in serving if before.verdicts.get(name, Verdict("")).state == "well"}
    assert healthy <= after
    assert bool(after) == bool(serving)
    assert not decision.out or healthy
