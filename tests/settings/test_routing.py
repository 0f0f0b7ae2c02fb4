"""How requests reach pools: strict words, and what only several pools together get wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.settings.environment import read_environment
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from deploys.settings.validation import complaints_of
from tests.environments import POOL, write_environment


@pytest.mark.parametrize(
    ("words", "path", "hint"),
    [
        ({"kind": "embedings"}, "kind", "did you mean `embeddings`?"),
        ({"affinity": {"headr": "X"}}, "affinity.headr", "did you mean `header`?"),
        ({"affinity": {"header": "X_Session"}}, "affinity.header", "pattern"),
        ({"affinity": {"header": "X;"}}, "affinity.header", "pattern"),
        ({"affinity": {"waiting_requests": 16}}, "", "fewer waiting_requests of affinity"),
        ({"aliases": ["a b"]}, "aliases.0", "pattern"),
        ({"weights": {"localhost": 0}}, "weights.localhost", "greater than or equal to 1"),
        ({"first_byte_seconds": 0}, "first_byte_seconds", "greater than or equal to 1"),
        ({"stream_silence_seconds": 1.5}, "stream_silence_seconds", "valid integer"),
    ],
)
def test_a_word_that_does_not_fit_is_refused_with_what_does(
    words: dict[str, object], path: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Pool.model_validate({**POOL, **words})
    (found,) = complaints_of(refused.value, "group_data/small.py", Pool)
    assert found.path == path
    assert hint in found.hint


def test_what_several_pools_get_wrong_together_is_told_at_once(tmp_path: Path) -> None:
    pools = {
        "chat": {**POOL, "aliases": ["chat"], "weights": {"localhots": 2}},
        "code": {**POOL, "aliases": ["llama", "llama"]},
        "text": {**POOL, "aliases": ["chat"], "kind": "embeddings"},
        "tuned": {**POOL, "engine": "vllm", "vllm": {"adapters": ["code"]}},
    }
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(tmp_path, {"pools": pools}), "small")
    own = "give each pool names of its own"
    assert {(one.path, one.hint) for one in refused.value.complaints} == {
        ("pools.chat.aliases.0", own),
        ("pools.chat.weights", "did you mean `localhost`?"),
        ("pools.code.aliases.1", own),
        ("pools.text.aliases.0", own),
        ("pools.tuned.vllm.adapters.0", own),
        (
            "pools.text.kind",
            "generation; or another model (`kind` in inventories/models.yaml)",
        ),
    }
    doubled = [one.found for one in refused.value.complaints if one.hint == own]
    owners = [found.rpartition("pool ")[2] for found in doubled]
    assert owners == ["`chat`", "`code`", "`chat`", "`code`"]


def test_a_pool_may_say_all_of_it(tmp_path: Path) -> None:
    words = {
        "aliases": ["gpt-4o"],
        "affinity": {"header": "X-Session-Id", "waiting_requests": 0},
        "weights": {"localhost": 2},
        "first_byte_seconds": 900,
        "stream_silence_seconds": 60,
    }
    root = write_environment(tmp_path, {"pools": {"chat": {**POOL, **words}}})
    pool = read_environment(root, "small").pools["chat"]
    assert pool.aliases == ("gpt-4o",)
    assert pool.affinity is not None
    assert pool.affinity.header == "X-Session-Id"
