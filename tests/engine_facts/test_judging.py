"""Words for an engine against the facts of its version."""

import pytest

from deploys.engine_facts.facts import Facts, facts_of
from deploys.engine_facts.judging import Wrong, unread, wrong


def _facts(engine: str) -> Facts:
    facts = facts_of(engine, {"vllm": "0.33.0", "llamacpp": "b11669"}[engine])
    assert facts is not None
    return facts


def _wrong(words: tuple[str, ...], engine: str = "vllm") -> Wrong:
    (found,) = wrong(_facts(engine), words)
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("--tensor-parallel-size", "2"),
        ("-tp", "2"),
        ("--no-enable-prefix-caching",),
        ("--disable-prefix-caching",),
        ("--enforce-eager",),
        ("--limit-mm-per-prompt", '{"image": 4}'),
        ("--allowed-media-domains", "a.example", "b.example"),
        ("--kv-cache-dtype", "fp8"),
        ("--quantization", "awq"),
    ],
)
def test_what_the_version_knows_is_taken(words: tuple[str, ...]) -> None:
    assert list(wrong(_facts("vllm"), words)) == []


@pytest.mark.parametrize(
    ("words", "found", "hint"),
    [
        (("--gpu-memory-utilisation", "0.9"), "is no flag of", "`--gpu-memory-utilization`?"),
        # Its parser would take this beginning of a name.
        (("--gpu-memory-util", "0.9"), "is no flag of", "`--gpu-memory-utilization`?"),
        (("-ngl", "35"), "is no flag of", ""),
        (("--kv-cache-dtype", "q8_0"), "found q8_0", "known here: "),
        (("--quantization", "fp7"), "found fp7", "did you mean `fp8`?"),
        (("--tool-call-parser", "herms"), "found herms", "did you mean `hermes`?"),
        (("--max-lora-rank", "24"), "found 24", ""),
        (("--enforce-eager", "true"), "found true", "what fits: no value: it is a switch"),
        (("--no-enable-prefix-caching", "true"), "found true", "nothing after it"),
        (("--max-model-len",), "found no value", "what fits: one value"),
        (("--max-model-len", "1", "2"), "found 1 2", "what fits: one value"),
        (("--allowed-media-domains",), "found no value", "what fits: one value or more"),
        (("--no-max-model-len",), "is no flag of", "did you mean `--max-model-len`?"),
        (("--limit-mm-per-prompt", "image=4"), "found image=4, which is no JSON", "JSON, such as"),
    ],
)
def test_what_vllm_would_die_of_is_found_before_it_starts(
    words: tuple[str, ...], found: str, hint: str
) -> None:
    one = _wrong(words)
    assert one.flag == words[0]
    assert found in one.found
    assert hint in one.hint


@pytest.mark.parametrize(
    ("engine", "words", "found", "hint"),
    [
        ("vllm", ("--task", "embed"), "versions before 0.13.0 had it", "--runner and --convert"),
        ("vllm", ("--image-bind-input-arg",), "0.33.0, and no version had it", "leave it out"),
        ("vllm", ("--rope-scaling", "{}"), "; earlier ones had it", "--hf-overrides"),
        (
            "vllm",
            ("--quantization", "bitsandbytes"),
            "found bitsandbytes; versions before 0.28.0 had it",
            "a checkpoint in fp8",
        ),
        ("vllm", ("--quantization", "gguf"), "earlier ones had it", "engine `llamacpp`"),
        ("llamacpp", ("--mlock",), "is no flag of llamacpp b11669", "--load-mode mlock"),
    ],
)
def test_what_is_gone_is_told_with_who_had_it_and_what_replaced_it(
    engine: str, words: tuple[str, ...], found: str, hint: str
) -> None:
    one = _wrong(words, engine)
    assert found in one.found
    assert hint in one.hint


def test_a_variable_that_nobody_reads_is_found_and_others_are_left_alone() -> None:
    names = ("VLLM_CACHE_ROT", "VLLM_CACHE_ROOT", "HF_HUB_OFFLINE")
    (found,) = unread(_facts("vllm"), names)
    assert found.flag == "VLLM_CACHE_ROT"
    assert list(unread(_facts("llamacpp"), names)) == []
