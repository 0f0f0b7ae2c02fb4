"""What must hold where several pools want the same GPUs, or GPUs of one card are not alike.

The search of several pools takes one after the other and goes back a bounded number of times, so
these are no theorems: the same draws are asked at each run.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.plan.search.fleet import place_all
from deploys.settings.environment import Host
from deploys.settings.hardware import Gpu
from tests.plan.search.drawn import (
    Words,
    drawn_environment,
    fleets,
    pools,
    vllm_pools,
    with_more,
)
from tests.plan.search.fleets import chat, host, planned

SAME = settings(max_examples=100, derandomize=True, deadline=None)
WORDS = pools() | vllm_pools()
THREE = host("a", "RTX 3090", "RTX 3090", "RTX 3090", ram_mib=131_072)
LARGE = {
    "one": chat("qwen3-30b-a3b", 40_000, slots=8),
    "two": chat("qwen3-235b-a22b", 2048, slots=2),
}


def _fit(hosts: list[Host], **asked: Words) -> bool:
    return not place_all(drawn_environment(hosts, asked)).not_found


def _with_more_on_one(one: Host, number: int, more_mib: int) -> Host:
    """The host, with so much more on one of its GPUs alone."""
    return _with_gpu(one, number, with_more(one, more_mib).hardware.gpus[number])


def _with_gpu(one: Host, number: int, gpu: Gpu) -> Host:
    gpus = one.hardware.gpus
    hardware = {"gpus": (*gpus[:number], gpu, *gpus[number + 1 :])}
    return one.model_copy(update={"hardware": one.hardware.model_copy(update=hardware)})


@SAME
@given(fleets(), WORDS, WORDS, st.integers(1, 40_000))
def test_more_memory_never_turns_the_plan_of_two_pools_into_a_refusal(
    hosts: list[Host], one: Words, two: Words, more_mib: int
) -> None:
    if _fit(hosts, one=one, two=two):
        assert _fit([with_more(each, more_mib) for each in hosts], one=one, two=two)


@SAME
@given(fleets(), WORDS, st.integers(1, 40_000), st.data())
def test_more_memory_on_one_gpu_never_turns_a_plan_into_a_refusal(
    hosts: list[Host], one: Words, more_mib: int, data: st.DataObject
) -> None:
    if hosts[0].hardware.gpus and _fit(hosts, one=one):
        number = data.draw(st.integers(0, len(hosts[0].hardware.gpus) - 1))
        assert _fit([_with_more_on_one(hosts[0], number, more_mib), *hosts[1:]], one=one)


@SAME
@given(fleets(), WORDS, WORDS, st.integers(64, 40_000))
def test_two_pools_that_fit_still_do_when_one_asks_for_a_shorter_context(
    hosts: list[Host], one: Words, two: Words, shorter: int
) -> None:
    if _fit(hosts, one=one, two=two):
        length = min(shorter, int(str(one["context_tokens"])))
        assert _fit(hosts, one={**one, "context_tokens": length}, two=two)


@pytest.mark.parametrize("more_mib", [0, 10_000, 25_748])
def test_a_pool_takes_fewer_gpus_where_it_would_leave_none_to_another(more_mib: int) -> None:
    assert _fit([with_more(THREE, more_mib)], **LARGE)


def test_a_pool_that_finds_no_room_comes_before_those_that_left_it_none() -> None:
    hosts = [with_more(host("a", "T4", "H100 SXM", "T4", ram_mib=131_072), 21_218)]
    pinned = chat("llama-3.1-8b-awq", 40_000, slots=4, tensor_parallel=2)
    assert _fit(hosts, one=pinned, two=chat("qwen3-235b-a22b", 8192, slots=2))


@pytest.mark.parametrize("beside", [0, 15])
def test_a_pool_goes_back_on_what_it_took_however_many_there_are(beside: int) -> None:
    large = {name: {**words, "hosts": ("a",)} for name, words in LARGE.items()}
    small = {f"p{number}": chat("llama-3.1-8b", 8192, hosts=("b",)) for number in range(beside)}
    hosts = [with_more(THREE, 25_748), host("b", *["L4"] * beside)]
    assert _fit(hosts, **large, **small)


def test_tensors_are_split_over_gpus_of_one_card_though_a_desktop_holds_some_of_one() -> None:
    words = chat("llama-3.1-70b-fp8", 8192, slots=4)
    alike = host("a", *["RTX 4090"] * 4)
    desktop = alike.hardware.gpus[3].model_copy(update={"used_mib": 600})
    busy = _with_gpu(alike, 3, desktop)
    (free,), (used,) = (planned([one], chat=words).pools[0].replicas for one in (alike, busy))
    assert len(free.gpus) == len(used.gpus) == 4
    # Every GPU is counted as the one of which others hold some.
    assert used.verdicts[0].available_mib == free.verdicts[0].available_mib - 600
