"""What must hold of every plan, whatever the fleet and the pools."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.plan.memory.answer import estimate
from deploys.plan.memory.estimate import total
from deploys.plan.placement import plan_environment
from deploys.plan.plan import LlamaCppArguments, Plan
from deploys.plan.search import llamacpp_fit, llamacpp_question
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.fleet import place_all
from deploys.plan.search.gpus import usable_gpus
from deploys.plan.search.nearest import nearest
from deploys.plan.verdict import Outcome
from deploys.settings.environment import Environment, Host
from deploys.settings.pool import Pool
from tests.plan.search.fleets import SHAPES, catalogue, chat, environment, host

# Each example is a whole plan: some tens of milliseconds.
FEW = settings(max_examples=12, deadline=None)
CARDS = ("T4", "L4", "RTX 3090", "RTX 4090", "A100 80GB SXM", "H100 SXM")


@st.composite
def fleets(draw: st.DrawFn) -> list[Host]:
    """One or two hosts with up to three GPUs, or none."""
    return [
        host(
            name,
            *draw(st.lists(st.sampled_from(CARDS), max_size=3)),
            ram_mib=draw(st.sampled_from((16_384, 131_072))),
        )
        for name in ("a", "b")[: draw(st.integers(1, 2))]
    ]


@st.composite
def pools(draw: st.DrawFn) -> dict[str, object]:
    """What an inventory may say, some of it pinned."""
    words = chat(
        draw(st.sampled_from((*SHAPES, "qwen3-32b-q4_k_m", "llama-3.1-8b-bf16"))),
        draw(st.sampled_from((2048, 8192, 40_000))),
        slots=draw(st.sampled_from((1, 2, 8))),
        replicas=draw(st.sampled_from((1, 1, 2, "fill"))),
    )
    if draw(st.booleans()):
        words["kv_cache_type"] = draw(st.sampled_from(("f16", "q8_0")))
    if draw(st.integers(0, 3)) == 0:
        words["gpus"] = draw(st.integers(1, 2))
    return words


environments = st.builds(
    lambda hosts, one, two: environment(hosts, {"one": one, "two": two}),
    fleets(),
    pools(),
    pools(),
)


def _plan(asked: Environment) -> Plan | None:
    """None: refused. What would fit then is not asked for: that takes a plan for each change."""
    return None if place_all(asked).not_found else plan_environment(asked, {})


@FEW
@given(environments)
def test_nothing_is_planned_beyond_a_gpu_a_host_or_its_parts(asked: Environment) -> None:
    plan = _plan(asked)
    if plan is None:
        return
    given_out = [gpu for pool in plan.pools for one in pool.replicas for gpu in one.gpus]
    assert len(given_out) == len(set(given_out))
    for one in asked.hosts:
        limits = [replica.limits.memory_mib for replica in plan.host(one.name).replicas]
        assert sum(limits) <= one.hardware.memory_mib
    for replica in (one for pool in plan.pools for one in pool.replicas):
        for device, verdict in zip(replica.memory, replica.verdicts, strict=False):
            parts = total(part for name, part in device.parts.items() if name != "margin")
            assert verdict.outcome is not Outcome.REFUSED
            assert verdict.needed_mib == pytest.approx(parts.upper)
            assert verdict.needed_mib <= verdict.available_mib


@FEW
@given(environments)
def test_a_plans_own_numbers_estimate_to_themselves(asked: Environment) -> None:
    plan = _plan(asked)
    kinds = {gpu.uuid: gpu.kind for one in asked.hosts for gpu in usable_gpus(one.hardware)}
    for pool in plan.pools if plan else ():
        for replica in pool.replicas:
            arguments = replica.arguments
            if not isinstance(arguments, LlamaCppArguments):
                continue
            question = llamacpp_question.Question(
                asked.pools[pool.name],
                Alternative(pool.model_name, replica.model),
                arguments.kv_cache_type,
                tuple(kinds[gpu] for gpu in replica.gpus),
            )
            again = estimate(llamacpp_question.case_of(question, arguments))
            assert again.devices == replica.memory


@FEW
@given(fleets(), pools(), st.integers(1, 40_000))
def test_more_memory_never_turns_a_plan_into_a_refusal(
    hosts: list[Host], words: dict[str, object], more_mib: int
) -> None:
    if _plan(environment(hosts, {"one": words})) is not None:
        larger = [_with_more(one, more_mib) for one in hosts]
        assert _plan(environment(larger, {"one": words})) is not None


def _with_more(one: Host, more_mib: int) -> Host:
    gpus = tuple(
        gpu.model_copy(
            update={
                "memory_mib": gpu.memory_mib + more_mib,
                "visible_mib": (gpu.visible_mib or gpu.memory_mib - 640) + more_mib,
            }
        )
        for gpu in one.hardware.gpus
    )
    ram = one.hardware.memory_mib + more_mib
    hardware = one.hardware.model_copy(update={"gpus": gpus, "memory_mib": ram})
    return one.model_copy(update={"hardware": hardware})


@FEW
@given(
    st.sampled_from(sorted(catalogue())),
    st.sampled_from(CARDS),
    st.integers(256, 100_000),
    st.integers(0, 100_000),
)
def test_a_longer_context_never_needs_less(
    entry: str, card: str, context: int, longer: int
) -> None:
    alternative = Alternative(entry, catalogue()[entry])
    if alternative.engine != "llamacpp":
        return
    kinds = tuple(gpu.kind for gpu in usable_gpus(host("a", card).hardware))
    needs = []
    for tokens in (context, context + longer):
        words = Pool.model_validate(chat(entry, tokens, micro_batch_tokens=256))
        question = llamacpp_question.Question(words, alternative, "f16", kinds)
        fit = llamacpp_fit.placed(question, 256, question.layers + 1, 0)
        needs.append(fit.verdicts[0].needed_mib)
    assert needs == sorted(needs)


@FEW
@given(fleets(), pools(), st.integers(64, 60_000))
def test_what_fits_with_a_context_fits_with_a_shorter_one(
    hosts: list[Host], words: dict[str, object], shorter: int
) -> None:
    if _plan(environment(hosts, {"one": words})) is not None:
        less = {**words, "context_tokens": min(shorter, int(str(words["context_tokens"])))}
        assert _plan(environment(hosts, {"one": less})) is not None


@FEW
@given(environments)
def test_the_order_of_hosts_and_pools_does_not_matter(asked: Environment) -> None:
    hosts = tuple(reversed(asked.hosts))
    pools_ = dict(reversed(asked.pools.items()))
    again = asked.model_copy(update={"hosts": hosts, "pools": pools_})
    first, second = _plan(asked), _plan(again)
    assert (first and first.pools) == (second and second.pools)


@settings(max_examples=6, deadline=None)
@given(environments)
def test_every_suggestion_really_fits(asked: Environment) -> None:
    outcomes = place_all(asked)
    for missing in outcomes.not_found.values():
        for change in nearest(asked, outcomes, missing):
            changed = {**asked.pools, change.pool: change.words}
            again = place_all(asked.model_copy(update={"pools": changed}))
            assert change.pool in again.found
            assert set(outcomes.found) <= set(again.found)
            # It is a word that an inventory can say.
            Pool.model_validate(change.words.model_dump())
            assert replace(change, words=asked.pools[change.pool]) != change
