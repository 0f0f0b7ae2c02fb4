"""What settings say about answers that are kept is strict, and refused where nothing is kept."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.settings.answer_cache import AnswerCache
from deploys.settings.environment import read_environment
from deploys.settings.gateway import Gateway
from deploys.settings.group_data import EnvironmentWords
from deploys.settings.refusal import Refused
from deploys.settings.validation import complaints_of
from tests.environments import POOL, ROOT, WORDS, write_environment


@pytest.mark.parametrize(
    ("words", "path", "hint"),
    [
        ({"seconds": 0}, "answer_cache.seconds", "greater than or equal to 1"),
        ({"seconds": 31_536_001}, "answer_cache.seconds", "less than or equal to 31536000"),
        ({"disk_mib": 0}, "answer_cache.disk_mib", "greater than or equal to 1"),
        ({"disk_mib": "1g"}, "answer_cache.disk_mib", "valid integer"),
        ({"memory_mib": 1025}, "answer_cache.memory_mib", "less than or equal to 1024"),
        ({"body_kib": 257}, "answer_cache.body_kib", "less than or equal to 256"),
        ({"body_kb": 16}, "answer_cache.body_kb", "did you mean `body_kib`?"),
    ],
)
def test_a_limit_that_does_not_fit_is_refused_with_what_does(
    words: dict[str, object], path: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Gateway.model_validate({"answer_cache": words})
    (found,) = complaints_of(refused.value, "group_data/small.py", Gateway)
    assert found.path == path
    assert hint in found.hint


def _read(root: Path, pool: dict[str, object], cache: object) -> object:
    gateway = WORDS["gateway"]
    assert isinstance(gateway, dict)
    words = {
        "pools": {"chat": {**POOL, **pool}},
        "gateway": {**gateway, "answer_cache": cache},
    }
    return read_environment(write_environment(root, words), "small").gateway.answer_cache


def test_limits_without_a_pool_that_keeps_answers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        _read(tmp_path, {}, {"seconds": 60})
    (found,) = refused.value.complaints
    assert "inventories/group_data/small.py:" in found.file
    assert (found.path, found.found) == (
        "gateway.answer_cache",
        "is said, and no pool keeps answers",
    )
    assert "by_client or across_clients" in found.hint


def test_another_word_for_whom_answers_are_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        _read(tmp_path, {"answer_cache": "by_clients"}, {})
    (found,) = refused.value.complaints
    assert (found.path, found.hint) == ("pools.chat.answer_cache", "did you mean `by_client`?")


def test_limits_are_read_where_a_pool_keeps_answers(tmp_path: Path) -> None:
    read = _read(tmp_path, {"answer_cache": "by_client"}, {"seconds": 60, "body_kib": 16})
    assert (
        read
        == Gateway.model_validate({"answer_cache": {"seconds": 60, "body_kib": 16}}).answer_cache
    )


def test_the_example_in_the_document_is_what_fits() -> None:
    text = (ROOT / "inventories" / "answer-cache.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    words: dict[str, object] = {}
    exec(example, words)  # noqa: S102 - ours
    read = EnvironmentWords.model_validate(
        {**WORDS, "pools": words["pools"], "gateway": words["gateway"]}, strict=True
    )
    assert read.pools["chat"].answer_cache == "by_client"
    assert read.gateway.answer_cache == AnswerCache()
