"""What must hold of every plan, whatever the fleet and the pools."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deploys.plan.memory.estimate import total
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.plan.search import llamacpp_fit, llamacpp_question, vllm_fit, vllm_question
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.fit import Fit
from deploys.plan.search.fleet import place_all
from deploys.plan.search.gpus import GpuKind, usable_gpus
from deploys.plan.search.nearest import nearest
from deploys.plan.verdict import Outcome
from deploys.settings.environment import Environment, Host
from deploys.settings.pool import Pool
from tests.plan.search.drawn import (
    CARDS,
    CHECKPOINTS,
    MODELS,
    Words,
    drawn_environment,
    environments,
    fleets,
    greedy_pools,
    pools,
    vllm_pools,
    with_more,
)
from tests.plan.search.fleets import chat, host
from tests.plan.search.restated import gpu_kinds, memory_again

# Each example is a whole plan: some tens of milliseconds.
FEW = settings(max_examples=12, deadline=None)
ENGINES = pytest.mark.parametrize("words", [pools(), vllm_pools()], ids=["either", "vllm"])
Drawn = st.SearchStrategy[Words]
ORDER = (Outcome.REFUSED, Outcome.TIGHT, Outcome.FITS)


def _planned(asked: Environment) -> Plan:
    """Of the pools that fit beside each other. What would fit of the rest is not asked for: that
    takes a plan for each change.
    """
    while missing := place_all(asked).not_found:
        left = {name: words for name, words in asked.pools.items() if name not in missing}
        asked = asked.model_copy(update={"pools": left})
    return plan_environment(asked, {})


def _fits(hosts: list[Host], words: Words) -> bool:
    return not place_all(drawn_environment(hosts, {"one": words})).not_found


@ENGINES
@FEW
@given(st.data())
def test_nothing_is_planned_beyond_a_gpu_a_host_or_its_parts(
    words: Drawn, data: st.DataObject
) -> None:
    asked = data.draw(environments(words))
    plan = _planned(asked)
    needed: defaultdict[str, float] = defaultdict(float)
    for one in asked.hosts:
        limits = [replica.limits.memory_mib for replica in plan.host(one.name).replicas]
        assert sum(limits) <= one.hardware.memory_mib
    for replica in (one for pool in plan.pools for one in pool.replicas):
        for device, verdict in zip(replica.memory, replica.verdicts, strict=False):
            parts = total(part for name, part in device.parts.items() if name != "margin")
            assert verdict.outcome is not Outcome.REFUSED
            assert verdict.needed_mib == pytest.approx(parts.upper)
            assert verdict.needed_mib <= verdict.available_mib
        for gpu, verdict in zip(replica.gpus, replica.verdicts, strict=True):
            alone = not asked.pools[replica.pool].share_gpus
            assert not (alone and needed[gpu])
            needed[gpu] += verdict.needed_mib
    for gpu, kind in gpu_kinds(asked).items():
        assert needed[gpu] <= kind.visible_mib


@ENGINES
@FEW
@given(st.data())
def test_a_plans_own_numbers_estimate_to_themselves(words: Drawn, data: st.DataObject) -> None:
    asked = data.draw(environments(words))
    for pool in _planned(asked).pools:
        for replica in pool.replicas:
            assert memory_again(asked, replica) == replica.memory


@ENGINES
@FEW
@given(st.data(), st.integers(1, 40_000))
def test_more_memory_never_turns_a_plan_into_a_refusal(
    words: Drawn, data: st.DataObject, more_mib: int
) -> None:
    hosts, one = data.draw(fleets()), data.draw(words)
    if _fits(hosts, one):
        assert _fits([with_more(each, more_mib) for each in hosts], one)


def _fit(entry: str, kind: GpuKind, tokens: int, shares: bool) -> Fit:
    alternative = Alternative(entry, MODELS[entry])
    batch = {"batch_tokens": 2048, "micro_batch_tokens": 256}
    words = Pool.model_validate(chat(entry, tokens, slots=4, share_gpus=shares, **batch))
    if alternative.engine == "vllm":
        return vllm_fit.fit(vllm_question.Question(words, alternative, "f16", kind, 1))
    question = llamacpp_question.Question(words, alternative, "f16", (kind,))
    return llamacpp_fit.placed(question, 256, question.layers + 1, 0)


@pytest.mark.parametrize(
    "entries", [sorted(set(MODELS) - {*CHECKPOINTS}), CHECKPOINTS], ids=["llamacpp", "vllm"]
)
@FEW
@given(
    st.data(),
    st.sampled_from(CARDS),
    st.tuples(st.integers(256, 40_000), st.integers(0, 90_000)),
    st.booleans(),
)
def test_a_longer_context_never_needs_less(
    entries: list[str], data: st.DataObject, card: str, lengths: tuple[int, int], shares: bool
) -> None:
    entry = data.draw(st.sampled_from(entries))
    (gpu,) = usable_gpus(host("a", card).hardware)
    short, long = (_fit(entry, gpu.kind, tokens, shares) for tokens in (lengths[0], sum(lengths)))
    assert long.short_mib >= short.short_mib - 1e-6
    assert ORDER.index(long.outcome) <= ORDER.index(short.outcome)


@ENGINES
@FEW
@given(st.data(), st.integers(64, 60_000))
def test_what_fits_with_a_context_fits_with_a_shorter_one(
    words: Drawn, data: st.DataObject, shorter: int
) -> None:
    hosts, one = data.draw(fleets()), data.draw(words)
    if _fits(hosts, one):
        length = min(shorter, int(str(one["context_tokens"])))
        assert _fits(hosts, {**one, "context_tokens": length})


@ENGINES
@FEW
@given(st.data())
def test_the_order_of_hosts_and_pools_does_not_matter(words: Drawn, data: st.DataObject) -> None:
    asked = data.draw(environments(words))
    hosts = tuple(reversed(asked.hosts))
    pools_ = dict(reversed(asked.pools.items()))
    again = asked.model_copy(update={"hosts": hosts, "pools": pools_})
    assert _planned(asked).pools == _planned(again).pools


@pytest.mark.parametrize("words", [greedy_pools(), vllm_pools()], ids=["either", "vllm"])
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_every_suggestion_really_fits(words: Drawn, data: st.DataObject) -> None:
    asked = drawn_environment(data.draw(fleets()), {"one": data.draw(words)})
    outcomes = place_all(asked)
    offered = [
        change
        for missing in outcomes.not_found.values()
        for change in nearest(asked, outcomes, missing)
    ]
    # Too few draws with a suggestion are told by hypothesis.
    assume(offered)
    for change in offered:
        again = place_all(asked.model_copy(update={"pools": {"one": change.words}}))
        assert change.pool in again.found
        # It is a word that an inventory can say.
        Pool.model_validate(change.words.model_dump(exclude_unset=True))
        assert replace(change, words=asked.pools[change.pool]) != change


@ENGINES
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_no_suggestion_displaces_another_pool(words: Drawn, data: st.DataObject) -> None:
    asked = data.draw(environments(words))
    outcomes = place_all(asked)
    for missing in outcomes.not_found.values():
        for change in nearest(asked, outcomes, missing):
            changed = {**asked.pools, change.pool: change.words}
            again = place_all(asked.model_copy(update={"pools": changed}))
            assert {change.pool, *outcomes.found} <= set(again.found)
