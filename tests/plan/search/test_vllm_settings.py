"""A pool's own words for vLLM: planned where they fit, refused with what does."""

from collections.abc import Mapping

import pytest

from deploys.catalogue.architecture import Recurrent, VisionTower
from deploys.catalogue.model import Adapter, Model, ModelFile
from deploys.plan.arguments import VllmArguments, argument_words
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.gpus import GpuKind
from deploys.plan.search.vllm_question import Question
from deploys.plan.search.vllm_settings import settings_constraint
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused
from tests.plan.search.fleets import catalogue, chat, environment, host

TOWER = VisionTower(
    weights_bytes=2**30, embedding_length=1024, feed_forward_length=4096, patches=576
)
MODEL = "llama-3.1-8b-bf16"


def _models() -> Mapping[str, Model]:
    plain = catalogue()[MODEL]
    sees = plain.shape.model_copy(update={"vision": TOWER})
    return {**catalogue(), "sees": plain.model_copy(update={"architecture": sees, "base": "sees"})}


def _arguments(own: object, model: str = MODEL, **words: object) -> VllmArguments:
    pools = {"chat": chat(model, 4096, vllm=own, **words)}
    asked = environment([host("a", "H100 SXM")], pools, _models())
    (pool,) = plan_environment(asked, {}).pools
    assert pool.engine == "vllm"
    arguments = pool.replicas[0].arguments
    assert isinstance(arguments, VllmArguments)
    return arguments


def _refusals(own: object, model: str = MODEL, **words: object) -> tuple[Complaint, ...]:
    with pytest.raises(Refused) as refused:
        _arguments(own, model, **words)
    return refused.value.complaints


def test_words_for_vllm_choose_it_and_are_kept() -> None:
    arguments = _arguments({"tool_parser": "hermes", "drafts": {"tokens": 4}}, "llama-3.1-8b")
    assert arguments.own.tool_parser == "hermes"
    assert argument_words(arguments)["own"]["drafts"] == {"tokens": 4, "longest_match": 4}


@pytest.mark.parametrize(
    ("own", "path", "found", "hint"),
    [
        ({"tool_parser": "herms"}, "tool_parser", "found herms", "did you mean `hermes`?"),
        ({"reasoning_parser": "qwen4"}, "reasoning_parser", "found qwen4", "`qwen3`?"),
        ({"reasoning_parser": "deepseek_r2"}, "reasoning_parser", "found deepseek_r2", "_r1`?"),
    ],
)
def test_a_value_that_the_version_would_die_of_is_refused(
    own: object, path: str, found: str, hint: str
) -> None:
    (complaint,) = _refusals(own)
    assert (complaint.path, complaint.found) == (f"pools.chat.vllm.{path}", found)
    assert hint in complaint.hint


def test_words_about_text_are_refused_for_vectors_all_at_once() -> None:
    own = {"tool_parser": "hermes", "reasoning_parser": "qwen3", "drafts": {"tokens": 2}}
    found = _refusals(own, kind="embeddings")
    assert [one.path.rpartition(".")[2] for one in found] == [
        "drafts",
        "reasoning_parser",
        "tool_parser",
    ]
    assert {one.found for one in found} == {"set, and the pool answers embeddings"}


def test_prefixes_are_cached_where_that_can_be_unless_set() -> None:
    assert _arguments({}).prefix_caching
    assert not _arguments({"prefix_caching": False}).prefix_caching
    assert not _arguments({}, kind="embeddings").prefix_caching
    (complaint,) = _refusals({"prefix_caching": True}, kind="embeddings")
    assert "prefix_caching: vectors and ranks are of whole texts" in complaint.found


def _with_adapters(ranks: Mapping[str, int]) -> Mapping[str, Model]:
    file = ModelFile(name="adapter_model.safetensors", size_bytes=2**20, sha256="0" * 64)
    adapters = {
        name: Adapter(source=f"https://models.example/{name}/", licence="x", rank=r, files=(file,))
        for name, r in ranks.items()
    }
    plain = catalogue()[MODEL]
    return {**catalogue(), MODEL: plain.model_copy(update={"adapters": adapters})}


def _plan_with(own: object, models: Mapping[str, Model], **words: object) -> Plan:
    pools = {"chat": chat(MODEL, 4096, vllm=own, **words)}
    return plan_environment(environment([host("a", "H100 SXM")], pools, models), {})


def test_adapters_are_names_of_the_pool_and_take_memory_for_the_largest_rank() -> None:
    models = _with_adapters({"support": 8, "legal": 24, "unused": 512})
    (plain,), (pool,) = (
        _plan_with({"adapters": names}, models).pools for names in ([], ["support", "legal"])
    )
    assert plain.names == ("chat",)
    assert pool.names == ("chat", "support", "legal")
    assert pool.own_names == ("chat",)
    arguments = pool.replicas[0].arguments
    assert isinstance(arguments, VllmArguments)
    assert arguments.adapter_rank == 32
    # Both at rank 32 in all 32 layers of Llama 3.1 8B: 4096 and 1024 wide, 14336 in between.
    sides = 2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 14336)
    weights = [one.replicas[0].memory[0].parts["weights"].expected for one in (plain, pool)]
    assert weights[1] - weights[0] == pytest.approx(2 * 32 * 2 * 32 * sides / 2**20)


@pytest.mark.parametrize(
    ("names", "ranks", "found"),
    [
        (["suport"], {"support": 8}, "has no `suport` (did you mean `support`?)"),
        (["support"], {}, "has no `support` (its entry lists none)"),
        (["support"], {"support": 513}, "`support` has rank 513, more than vllm takes"),
    ],
)
def test_an_adapter_that_cannot_be_served_is_refused(
    names: list[str], ranks: Mapping[str, int], found: str
) -> None:
    with pytest.raises(Refused) as refused:
        _plan_with({"adapters": names}, _with_adapters(ranks))
    assert found in refused.value.complaints[0].found


def test_adapters_are_for_dense_models_that_generate_text() -> None:
    models = _with_adapters({"support": 8})
    with pytest.raises(Refused) as refused:
        _plan_with({"adapters": ["support"]}, models, kind="embeddings")
    assert "adapters" in {one.path.rpartition(".")[2] for one in refused.value.complaints}


def test_eager_execution_takes_no_memory_for_graphs() -> None:
    def graphs_mib(own: object) -> float:
        pools = {"chat": chat(MODEL, 4096, vllm=own)}
        (pool,) = plan_environment(environment([host("a", "H100 SXM")], pools), {}).pools
        arguments = pool.replicas[0].arguments
        assert isinstance(arguments, VllmArguments)
        assert arguments.eager == (own == {"eager": True})
        return pool.replicas[0].memory[0].parts["graphs"].upper

    assert graphs_mib({}) > 0
    assert graphs_mib({"eager": True}) == 0


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"prefix_caching": True}, "prefix_caching: the plan counts one state for each request"),
        ({"drafts": {"tokens": 4}}, "drafts: the plan counts one state for each request"),
    ],
)
def test_what_needs_more_states_than_the_plan_counts_is_refused(own: object, why: str) -> None:
    state = Recurrent(
        convolution_kernel=4,
        inner_length=4096,
        state_length=128,
        groups=8,
        time_step_rank=32,
        attention_every=4,
    )
    shape = _models()[MODEL].shape
    model = _models()[MODEL].model_copy(
        update={"architecture": shape.model_copy(update={"recurrent": state})}
    )
    words = Pool.model_validate(chat("m", 4096, vllm=own))
    question = Question(words, Alternative("m", model), "f16", GpuKind("L4", 22_000), 1)
    assert (settings_constraint(question) or "").startswith(why)


def test_media_are_for_models_that_see() -> None:
    assert _arguments({"media": {"image": 4}}, "sees").own.media is not None
    assert _arguments({"media": {}}).own.media is not None
    (complaint,) = _refusals({"media": {"image": 4}})
    assert "media: the model neither sees nor hears" in complaint.found
