"""What a plan makes of the bytes that a catalogue's entry keeps."""

from dataclasses import replace

from deploys.catalogue.model import Model
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, LlamaCppConfiguration
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.search.model_weights import gguf_weights
from tests.plan.memory.shapes import GEMMA3_27B, QWEN3_30B_A3B
from tests.plan.memory.whole import GPU
from tests.plan.oracle.taken_in import entry

ASKED = LlamaCppConfiguration(context_tokens=8192, gpu_layers=20, devices=(GPU,))
NEVER_KEPT = {"layer_largest_bytes": (), "expert_largest_bytes": ()}


def _gpu(
    model: Model, version: str = "pinned", asked: LlamaCppConfiguration = ASKED
) -> DeviceEstimate:
    shape, weights = model.shape, gguf_weights(model)
    answer = estimate(Case("", "llamacpp", version, "", shape, asked, weights=weights))
    return answer.gpus[0]


def _from_before(model: Model) -> Model:
    assert model.weights is not None
    return model.model_copy(update={"weights": model.weights.model_copy(update=NEVER_KEPT)})


def test_of_an_older_entry_the_largest_tensor_of_all_stands_for_each_layers() -> None:
    model = entry(GEMMA3_27B, "Q4_K_M")
    now, before = _gpu(model).parts, _gpu(_from_before(model)).parts
    assert before["weights"] == now["weights"]
    assert before["compute_buffer"].expected >= now["compute_buffer"].expected
    assert before["compute_buffer"].upper > 0


def test_of_an_older_mixture_no_layer_borrows_less_than_it_does() -> None:
    model = entry(QWEN3_30B_A3B, "Q4_K_M")
    asked = replace(ASKED, gpu_layers=None, experts_on_cpu=48)
    now, before = (_gpu(one, asked=asked).parts for one in (model, _from_before(model)))
    assert before["compute_buffer"].upper >= now["compute_buffer"].upper > 0


def test_an_output_that_is_the_embeddings_is_borrowed_where_the_engine_does() -> None:
    """Builds before 11,000 give all tokens logits, so a matrix in RAM visits the GPU whole."""
    model = entry(GEMMA3_27B, "Q4_K_M")
    asked = replace(ASKED, gpu_layers=0)
    borrowed = _gpu(model, "b9500", asked).parts["compute_buffer"].expected
    assert model.weights is not None
    assert borrowed > model.weights.token_embedding_bytes / 2**20
