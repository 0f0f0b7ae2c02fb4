"""Questions about an environment are answered without it being changed."""

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.what_if import Questions, changed, gpus_in, one_model
from deploys.settings.environment import Environment
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import catalogue, chat, environment, host


def _asked() -> Environment:
    pools = {"one": chat("llama-3.1-8b", 8192), "two": chat("llama-3.1-8b", 8192)}
    return environment([host("a", "L4"), host("b", "L4")], pools)


def _words(questions: Questions) -> dict[str, tuple[str, int]]:
    pools = changed(_asked(), questions).pools
    return {name: (pool.model, pool.context_tokens) for name, pool in pools.items()}


def test_a_host_may_be_gone() -> None:
    assert [one.name for one in changed(_asked(), Questions(without=["a"])).hosts] == ["b"]


def test_a_context_may_be_of_all_pools_or_of_one() -> None:
    every = _words(Questions(contexts=["4096"]))
    one = _words(Questions(contexts=["two=4096"]))
    assert [context for _, context in every.values()] == [4096, 4096]
    assert [context for _, context in one.values()] == [8192, 4096]


def test_a_model_may_be_another() -> None:
    assert _words(Questions(models=["one=qwen3-32b"]))["one"][0] == "qwen3-32b"
    assert _words(Questions(models=["qwen3-32b"]))["two"][0] == "qwen3-32b"


def test_gpus_of_the_catalogue_stand_in_for_each_hosts_own() -> None:
    hosts = changed(_asked(), Questions(gpus=["H100 SXMx2", "RTX 4090"])).hosts
    assert [[gpu.name for gpu in one.hardware.gpus] for one in hosts] == [
        ["H100 SXM", "H100 SXM", "GeForce RTX 4090"]
    ] * 2
    uuids = [gpu.uuid for one in hosts for gpu in one.hardware.gpus]
    assert len(set(uuids)) == 6
    first = hosts[0].hardware.gpus
    assert first[0].nvlink_peers == (first[1].uuid,)
    assert first[2].nvlink_peers == ()


def test_questions_may_be_combined_and_leave_the_environment_as_it_was() -> None:
    asked = _asked()
    before = asked.model_dump_json()
    questions = Questions(["a"], ["16384"], ["qwen3-32b"], ["RTX 3090 x4"])
    plan = plan_environment(changed(asked, questions), {})
    assert {replica.host for pool in plan.pools for replica in pool.replicas} == {"b"}
    assert asked.model_dump_json() == before


def test_one_model_can_be_planned_without_an_environment() -> None:
    questions = Questions(contexts=["16384"], models=["qwen3-32b"], gpus=["RTX 4090x2"])
    (pool,) = plan_environment(one_model(catalogue(), questions), {}).pools
    assert (pool.quantization, len(pool.replicas[0].gpus)) == ("Q4_K_M", 1)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("RTX 4090", ["GeForce RTX 4090"]),
        ("rtx 4090x2", ["GeForce RTX 4090"] * 2),
        ("NVIDIA H100 80GB HBM3 x 3", ["H100 SXM"] * 3),
    ],
)
def test_gpus_are_named_as_people_and_drivers_name_them(words: str, names: list[str]) -> None:
    assert [one.name for one in gpus_in(words)] == names


@pytest.mark.parametrize(
    ("questions", "found"),
    [
        (Questions(without=["c"]), "there is no host `c`"),
        (Questions(without=["a", "b"]), "no host is left to run engines"),
        (Questions(contexts=["many"]), "found 'many'"),
        (Questions(contexts=["0"]), "found '0'"),
        (Questions(contexts=["-5"]), "found '-5'"),
        (Questions(contexts=["tow=4096"]), "there is no pool `tow`"),
        (Questions(models=["qwen3-33b"]), "`qwen3-33b` is not in the catalogue"),
        (Questions(gpus=["RTX 4091"]), "`RTX 4091` is not in deploys/plan/gpus.yaml"),
        (Questions(gpus=["RTX 4090x0"]), "`RTX 4090x0` is not in deploys/plan/gpus.yaml"),
        (Questions(gpus=["RTX 4090 Ti"]), "`RTX 4090 Ti` is not in deploys/plan/gpus.yaml"),
    ],
)
def test_what_is_not_there_cannot_be_asked_about(questions: Questions, found: str) -> None:
    with pytest.raises(Refused) as refused:
        changed(_asked(), questions)
    assert [complaint.found for complaint in refused.value.complaints] == [found]


def test_a_pool_whose_only_host_is_gone_is_refused() -> None:
    asked = environment([host("a", "L4"), host("b", "L4")], {"one": chat(hosts=("a",))})
    with pytest.raises(Refused, match="pool `one` may run on a alone"):
        changed(asked, Questions(without=["a"]))


@pytest.mark.parametrize(
    "questions", [Questions(), Questions(models=["a", "b"]), Questions(without=["a"], models=["a"])]
)
def test_without_an_environment_one_model_is_asked_about(questions: Questions) -> None:
    with pytest.raises(Refused, match="one --model"):
        one_model(catalogue(), questions)
