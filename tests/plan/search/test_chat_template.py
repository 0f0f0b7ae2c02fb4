"""A chat template by name, for a file that brings none: of llama-server's own, or refused."""

import pytest
from pydantic import ValidationError

from deploys.engine_facts.facts import facts_of
from deploys.engine_facts.judging import wrong
from deploys.plan.arguments import LlamaCppArguments, argument_words
from deploys.settings.engine_versions import PINNED
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.environments import POOL
from tests.plan.search.fleets import on_one_gpu


@pytest.mark.parametrize(
    "words",
    [
        {"engine": "vllm"},
        {"engine": "localai"},
        {"engine": "auto"},
        {"engine": "llamacpp", "kind": "embeddings"},
        {"engine": "llamacpp", "chat_template": "{{ messages }}"},
        {"engine": "llamacpp", "chat_template": "--jinja"},
    ],
)
def test_a_chat_template_is_a_name_for_text_of_llamacpp(words: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="chat_template"):
        Pool.model_validate({**POOL, "chat_template": "vicuna", **words})


def test_a_named_template_is_rendered_as_a_name_and_the_models_own_left_out() -> None:
    plain, own = on_one_gpu()
    named, flags = on_one_gpu(chat_template="vicuna")
    assert isinstance(named.arguments, LlamaCppArguments)
    assert argument_words(named.arguments)["chat_template"] == "vicuna"
    assert "chat_template" not in argument_words(plain.arguments)
    assert [one for one in flags if one not in own] == [
        ("--no-jinja",),
        ("--chat-template", "vicuna"),
    ]
    assert [one for one in own if one not in flags] == [("--jinja",)]


def test_the_pinned_build_takes_these_words() -> None:
    facts = facts_of("llamacpp", PINNED["llamacpp"])
    assert facts is not None
    for words in (("--no-jinja",), ("--chat-template", "vicuna")):
        assert list(wrong(facts, words)) == []


def test_a_name_that_the_build_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(Refused) as refused:
        on_one_gpu(chat_template="vicunya")
    (complaint,) = refused.value.complaints
    assert complaint.path == "pools.chat.chat_template"
    assert "vicunya" in complaint.found
    assert "vicuna" in complaint.hint
