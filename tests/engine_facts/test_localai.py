"""Model files of LocalAI: what it would drop, misread or skip without a word."""

from typing import Any

import pytest

from deploys.engine_facts.localai_facts import LocalAiFacts, localai_facts
from deploys.engine_facts.localai_judging import wrong_in_environment, wrong_in_model

MODEL = {
    "name": "chat",
    "backend": "llama-cpp",
    "parameters": {"model": "weights/q.gguf", "batch": 512},
    "context_size": 8192,
    "gpu_layers": 33,
    "flash_attention": "on",
    "cache_type_k": "q8_0",
    "options": ["parallel:4", "--numa:distribute"],
    "template": {"use_tokenizer_template": True},
    "chat_template_kwargs": {"anything": 1},
    "known_usecases": ["chat"],
    "limits": {"max_concurrent": 4},
}


def _facts() -> LocalAiFacts:
    facts = localai_facts("4.9.0")
    assert facts is not None
    return facts


def _found(**changes: object) -> list[tuple[str, str, str]]:
    document = {**MODEL, **changes}
    kept = {key: value for key, value in document.items() if value is not None}
    return [(one.flag, one.found, one.hint) for one in wrong_in_model(_facts(), kept)]


def test_a_file_of_keys_that_exist_is_right() -> None:
    assert _found() == []


@pytest.mark.parametrize(
    ("changes", "key", "found", "hint"),
    [
        ({"parameters": {"model": "q.gguf", "gpu_layers": 35}}, "parameters.gpu_layers",
         "drops it silently", "it belongs elsewhere: `gpu_layers` at the top level"),
        ({"batch": 512}, "batch", "drops it silently", "elsewhere: `parameters.batch`"),
        ({"mmu": True}, "mmu", "drops it silently", "nothing ever read it"),
        ({"kv_cache_quant": True}, "kv_cache_quant", "drops it", "cache_type_k and cache_type_v"),
        ({"n_batch": 512}, "n_batch", "drops it silently", "parameters.batch"),
        ({"contxt_size": 512}, "contxt_size", "drops it", "did you mean `context_size`?"),
        ({"limits": {"max_concurent": 4}}, "limits.max_concurent", "drops it", "`max_concurrent`?"),
        ({"f16": True}, "f16", "read and then used by nothing", "leave it out"),
        ({"numa": True}, "numa", "read and then used by nothing", "--numa:distribute"),
        ({"flash_attention": True}, "flash_attention", "found True", 'quote it: "on"'),
        ({"flash_attention": "yes"}, "flash_attention", "found 'yes'", "known here: auto, off, on"),
        ({"cache_type_v": "q8"}, "cache_type_v", "found 'q8'", "did you mean `q8_0`?"),
        ({"gpu_layers": "35"}, "gpu_layers", "found '35'", "a whole number"),
        ({"gpu_layers": True}, "gpu_layers", "found True", "a whole number"),
        ({"mmap": "yes"}, "mmap", "found 'yes'", "true or false"),
        ({"main_gpu": 0}, "main_gpu", "found 0", "a word in quotes"),
        ({"options": "parallel:4"}, "options", "found 'parallel:4'", "a list of words"),
        ({"options": ["paralel:4"]}, "options.0", "no option of llama-cpp", "`parallel`?"),
        ({"options": ["parallel"]}, "options.0", "found 'parallel'", "parallel:VALUE"),
        ({"backend": "llama cpp"}, "backend", "found 'llama cpp'", "letters, digits"),
        ({"backend": None}, "backend", "is missing", "not served without it"),
        ({"name": None}, "name", "is missing", "not served without it"),
        ({"parameters": {"batch": 1}}, "parameters.model", "is missing", "not served"),
        ({"parameters": {"model": "/models/q.gguf"}}, "parameters.model", "found", "below"),
        ({"mmproj": "../mm.gguf"}, "mmproj", "found '../mm.gguf'", "below the folder of models"),
    ],
)  # fmt: skip
def test_what_localai_does_not_say_is_said(
    changes: dict[str, Any], key: str, found: str, hint: str
) -> None:
    (one,) = _found(**changes)
    assert one[0] == key
    assert found in one[1]
    assert hint in one[2]


def test_options_values_and_idle_keys_of_llama_cpp_are_its_own() -> None:
    words = {"options": ["voice:anna"], "f16": True, "cache_type_k": "fp8"}
    assert len(_found(**words)) == len(_found(**words, backend="cuda12-llama-cpp")) == 3
    assert _found(**words, backend="vllm") == []
    ((key, *_),) = _found(**words, backend="vllm", mmu=True)
    assert key == "mmu"


def test_another_name_of_a_model_needs_nothing_but_both_names() -> None:
    assert wrong_in_model(_facts(), {"name": "gpt-4", "alias": "chat"}) == []
    (one,) = wrong_in_model(_facts(), {"alias": "chat"})
    assert (one.flag, one.found) == ("name", "is missing")


def test_everything_is_said_at_once() -> None:
    assert len(_found(mmu=True, kv_cache_quant=True, f16=True, backend=None)) == 4


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("GPU_LAYERS", "gpu_layers of the model"),
        ("READ_TIMEOUT", "the server has none"),
        ("LOCALAI_PARALLEL_REQUESTS", "parallel:4"),
        ("LOCALAI_MODEL_PATH", "did you mean `LOCALAI_MODELS_PATH`?"),
    ],
)
def test_a_variable_that_nothing_reads_is_said(name: str, hint: str) -> None:
    (one,) = wrong_in_environment(_facts(), {name: "1", "LOCALAI_THREADS": "4", "HOME": "/"})
    assert one.flag == name
    assert hint in one.hint


def test_another_version_is_not_guessed() -> None:
    assert localai_facts("2.16.0") is None
