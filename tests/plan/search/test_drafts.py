"""Words guessed ahead by llama.cpp: said for an engine that knows them, planned and rendered."""

import pytest
from pydantic import ValidationError

from deploys.plan.arguments import LlamaCppArguments, argument_words
from deploys.settings.drafts import Drafts
from deploys.settings.pool import Pool
from tests.environments import POOL
from tests.plan.search.fleets import on_one_gpu

DRAFTS = {"tokens": 8, "longest_match": 3}


@pytest.mark.parametrize(
    "words",
    [
        {"engine": "vllm"},
        {"engine": "localai"},
        {"engine": "auto"},
        {"engine": "llamacpp", "kind": "embeddings"},
    ],
)
def test_drafts_are_for_text_of_llamacpp(words: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="drafts"):
        Pool.model_validate({**POOL, "drafts": DRAFTS, **words})


def test_drafts_are_rendered_and_take_no_memory_of_a_model_with_a_cache_alone() -> None:
    plain, without = on_one_gpu()
    guessing, flags = on_one_gpu(drafts=DRAFTS)
    assert isinstance(guessing.arguments, LlamaCppArguments)
    assert guessing.arguments.drafts == Drafts(tokens=8, longest_match=3)
    assert argument_words(guessing.arguments)["drafts"] == DRAFTS
    assert "drafts" not in argument_words(plain.arguments)
    assert guessing.memory == plain.memory
    assert [one for one in flags if one not in without] == [
        ("--spec-type", "ngram-simple"),
        ("--spec-ngram-simple-size-n", "3"),
        ("--spec-ngram-simple-size-m", "8"),
    ]
