"""What is suggested where nothing fits: one word each, and each of them really fits."""

from collections.abc import Mapping

import pytest

from deploys.catalogue.model import Model
from deploys.plan.placement import plan_environment
from deploys.plan.search.fleet import place_all
from deploys.plan.search.nearest import nearest
from deploys.settings.environment import Environment
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import catalogue, chat, environment, host, refusal


def _suggestions(refused: Environment) -> list[str]:
    """In words; every one of them is planned here once more."""
    outcomes = place_all(refused)
    (missing,) = outcomes.not_found.values()
    changes = nearest(refused, outcomes, missing)
    for change in changes:
        pools = {**refused.pools, change.pool: change.words}
        plan_environment(refused.model_copy(update={"pools": pools}), {})
    return [str(change) for change in changes]


ONE = [host("a", "RTX 3090")]


def _only(cards: list[str], **words: object) -> list[str]:
    return _suggestions(environment([host("a", *cards)], {"chat": chat(**words)}))


def test_a_cache_that_is_too_large_has_several_ways_out() -> None:
    found = _only(
        ["RTX 3090"],
        model="qwen3-32b-q4_k_m",
        context_tokens=32_768,
        kv_cache_type="f16",
        gpu_layers=65,
    )
    assert found == [
        "kv_cache_type q8_0",
        "kv_cache_type q4_0",
        "gpu_layers 53",
        "model qwen3-32b-q3_k_m",
        "context_tokens 18944",
    ]


@pytest.mark.parametrize(
    ("cards", "words", "expected"),
    [
        (1, {"slots": 8, "context_tokens": 8192}, "slots 4"),
        (2, {"gpus": 1, "context_tokens": 8192, "quantization": "Q6_K"}, "gpus 2"),
        (1, {"context_tokens": 4096, "quantization": "Q6_K"}, "quantization Q5_K_M"),
        (2, {"replicas": 3, "context_tokens": 4096}, "replicas 2"),
    ],
)
def test_each_kind_of_change_is_found(
    cards: int, words: Mapping[str, object], expected: str
) -> None:
    assert expected in _only(["RTX 3090"] * cards, gpu_layers=65, **words)


def test_more_gpus_are_suggested_where_too_few_are_pinned() -> None:
    found = _only(["RTX 4090"] * 4, model="llama-3.1-70b-fp8", tensor_parallel=2)
    assert "tensor_parallel 4" in found


def test_the_other_engine_is_suggested_where_one_is_pinned() -> None:
    found = _only(["RTX 4090"], model="llama-3.1-70b", engine="vllm", context_tokens=4096)
    assert "engine auto" in found


def test_other_hosts_are_suggested_where_some_are_pinned() -> None:
    hosts = [host("a", "T4", ram_mib=8192), host("b", "RTX 4090")]
    found = _suggestions(environment(hosts, {"chat": chat(hosts=("a",))}))
    assert found == ["hosts b", "quantization Q3_K_M"]


def test_what_would_displace_another_pool_is_not_suggested() -> None:
    pools = {
        "chat": chat("qwen3-32b-q4_k_m", 32_768, kv_cache_type="f16", gpu_layers=65, gpus=1),
        "other": chat("llama-3.1-8b", 8192, gpus=1),
    }
    two = _suggestions(environment([host("a", "RTX 3090", "RTX 3090")], {"chat": pools["chat"]}))
    both = _suggestions(environment([host("a", "RTX 3090", "RTX 3090")], pools))
    assert "gpus 2" in two
    assert "gpus 2" not in both


def test_nothing_is_suggested_where_nothing_near_fits() -> None:
    words = chat("qwen3-235b-a22b-q8_0", 65_536)
    complaint = refusal([host("a", "T4", ram_mib=4096)], chat=words)
    assert complaint.hint.startswith("no single change makes it fit")


def _unknown() -> Mapping[str, Model]:
    update = {"architecture": None, "architecture_name": "nova"}
    known = catalogue()["llama-3.1-8b-q8_0"]
    return {"nova": known.model_copy(update=update)}


@pytest.mark.parametrize("cards", [["RTX 3090"], ["RTX 3090", "RTX 3090"], []])
def test_an_unknown_architecture_is_refused_by_its_name(cards: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        plan_environment(environment([host("a", *cards)], {"chat": chat("nova")}, _unknown()), {})
    (complaint,) = refused.value.complaints
    assert complaint.found.startswith("unknown architecture nova: weights 8,138 MiB; not known: ")
    assert "kv_cache" in complaint.found


@pytest.mark.parametrize(
    ("words", "path", "found", "hint"),
    [
        (
            {"least_quantization": "Q4_KM"},
            "pools.chat.least_quantization",
            "`Q4_KM` is not a known quantization",
            "did you mean `Q4_K_M`?",
        ),
        (
            {"quantization": "Q5_K_S"},
            "pools.chat.quantization",
            "no entry of `qwen3-32b` is Q5_K_S",
            "did you mean `Q5_K_M`?",
        ),
        (
            {"least_quantization": "F16"},
            "pools.chat.least_quantization",
            "no entry of `qwen3-32b` is at least F16",
            "a lower floor, or `homeport models add` a finer one; there are: "
            "Q3_K_M, Q4_K_M, Q5_K_M, Q6_K, Q8_0",
        ),
    ],
)
def test_a_quantization_that_is_not_there_is_refused_with_those_that_are(
    words: Mapping[str, object], path: str, found: str, hint: str
) -> None:
    complaint = refusal(ONE, chat=chat(**words))
    assert (complaint.path, complaint.found, complaint.hint) == (path, found, hint)


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ({"model": "qwen3-32b", "engine": "vllm"}, "llamacpp"),
        ({"model": "llama-3.1-8b-bf16", "engine": "llamacpp"}, "vllm"),
    ],
)
def test_an_engine_that_reads_no_entry_of_the_model_is_refused(
    words: Mapping[str, object], other: str
) -> None:
    complaint = refusal(ONE, chat=chat(**words))
    assert complaint.path == "pools.chat.engine"
    assert complaint.hint == f"`{other}`, or `homeport models add` one"


def test_safetensors_without_a_gpu_are_refused() -> None:
    complaint = refusal([host("a")], chat=chat("llama-3.1-8b-bf16", 4096))
    assert complaint.found.startswith("without a GPU it takes GGUF")


def test_where_ram_is_short_too_the_gpus_sum_is_told_first() -> None:
    complaint = refusal([host("a", "RTX 4090", ram_mib=16_384)], chat=chat("qwen3-235b-a22b"))
    assert complaint.found.startswith("GeForce RTX 4090 (GPU0) needs 1")
    assert "in the way: weights; a: RAM: " in complaint.found


def test_every_pool_that_does_not_fit_is_told_of_at_once() -> None:
    words = chat("qwen3-32b-q4_k_m", 32_768, kv_cache_type="f16", gpu_layers=65)
    with pytest.raises(Refused) as refused:
        plan_environment(environment(ONE, {"one": words, "two": words}), {})
    assert [complaint.path for complaint in refused.value.complaints] == ["pools.one", "pools.two"]


def test_what_is_offered_leaves_the_pool_beside_it_its_place() -> None:
    pools = {"one": chat("llama-3.1-8b", 8192), "two": chat("llama-3.1-8b", 131_072, slots=8)}
    asked = environment([host("a", "RTX 3090", "RTX 3090", ram_mib=12_288)], pools)
    outcomes = place_all(asked)
    offered = nearest(asked, outcomes, outcomes.not_found["two"])
    assert offered
    for change in offered:
        changed = {**asked.pools, "two": change.words}
        again = place_all(asked.model_copy(update={"pools": changed}))
        assert set(again.found) == {"one", "two"}
