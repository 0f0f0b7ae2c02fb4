"""A quantization that says nothing of memory or of GPUs is refused by its name, never guessed."""

from collections.abc import Mapping

import pytest

from deploys.catalogue.model import Model
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.settings.refusal import Complaint, Refused
from tests.plan.oracle.taken_in import entry
from tests.plan.search.fleets import catalogue, chat, environment, host, shape


def _planned(models: Mapping[str, Model], model: str, **words: object) -> Plan:
    pools = {"chat": chat(model, 4096, **words)}
    return plan_environment(environment([host("a", "H100 SXM")], pools, models), {})


def _complaint(models: Mapping[str, Model], model: str, **words: object) -> Complaint:
    with pytest.raises(Refused) as refused:
        _planned(models, model, **words)
    (complaint,) = refused.value.complaints
    return complaint


def _called(known: str, word: str) -> Model:
    return catalogue()[known].model_copy(update={"quantization": word})


GGUF, SAFETENSORS = "llama-3.1-8b-q4_k_m", "llama-3.1-8b-bf16"


@pytest.mark.parametrize("word", ["Q4_KM", "UD-Q4_K_XL", "", "NVFP4"])
def test_a_gguf_of_no_known_mix_is_refused_where_its_tensors_are_not_listed(word: str) -> None:
    complaint = _complaint({"odd": _called(GGUF, word)}, "odd")
    assert complaint.path == "pools.chat.model"
    assert complaint.found.startswith(f"the quantization `{word}` of `odd` is not known")
    assert "`homeport models add`" in complaint.hint


def test_a_word_that_is_nearly_right_is_recognised() -> None:
    assert "`Q4_K_M`" in _complaint({"odd": _called(GGUF, "Q4_KM")}, "odd").hint
    assert "`awq`" in _complaint({"odd": _called(SAFETENSORS, "awq2")}, "odd").hint


def test_a_gguf_whose_tensors_are_listed_needs_no_word() -> None:
    listed = entry(shape("llama-3.1-8b"), "Q4_K_M")
    model = listed.model_copy(update={"quantization": "UD-Q4_K_XL"})
    assert _planned({"odd": model}, "odd").pools[0].quantization == "UD-Q4_K_XL"


@pytest.mark.parametrize("word", ["hqq", "compressed-tensors int3", "Q4_K_M"])
def test_what_vllm_is_not_known_to_compute_is_refused(word: str) -> None:
    complaint = _complaint({"odd": _called(SAFETENSORS, word)}, "odd")
    assert complaint.path == "pools.chat.model"
    words = f"which GPUs compute the quantization `{word}` of `odd` is not known"
    assert complaint.found == words


@pytest.mark.parametrize("word", ["bf16", "fp16", "fp32", "", "bitsandbytes", "W4A16"])
def test_what_vllm_computes_is_planned(word: str) -> None:
    assert _planned({"odd": _called(SAFETENSORS, word)}, "odd").pools[0].engine == "vllm"


def test_among_alternatives_the_known_ones_are_taken() -> None:
    models = {"odd": _called(GGUF, "TQ2_0"), "even": catalogue()[GGUF]}
    words = {"least_quantization": "TQ2_0"}
    assert _planned(models, "llama-3.1-8b", **words).pools[0].model_name == "even"
    pinned = _complaint(models, "llama-3.1-8b", quantization="TQ2_0")
    assert "`TQ2_0` of `odd` is not known" in pinned.found


def test_tensors_that_no_rule_describes_are_not_spread_evenly() -> None:
    falcon = shape("llama-3.1-8b").model_copy(update={"name": "falcon"})
    model = catalogue()[GGUF].model_copy(update={"architecture": falcon})
    found = _complaint({"falcon": model}, "falcon").found
    assert found.startswith("weights 4,685 MiB; not known: weights: the tensors of architecture")
