"""What `vllm bench serve` is asked, and how its result is read."""

import json
from pathlib import Path

import pytest

from checks.benchmarks.second_opinions.vllm import RESULT, VLLM
from tests.checks.benchmarks.second_opinions.other_client import recorded
from tests.checks.benchmarks.second_opinions.test_adapter import QUESTION


def test_it_asks_the_gateway_for_nothing_but_answers(tmp_path: Path) -> None:
    """It puts /metrics behind its base, for which there is no host then, and asks without a key."""
    words = [*VLLM.write(QUESTION, tmp_path)]
    base, endpoint = (words[words.index(name) + 1] for name in ("--base-url", "--endpoint"))
    assert base == "http:"
    assert base + endpoint == "http://127.0.0.1:1/v1/chat/completions"


def test_every_text_is_asked_once_with_its_own_length(tmp_path: Path) -> None:
    words = [*VLLM.write(QUESTION, tmp_path)]
    lines = [json.loads(line) for line in (tmp_path / "chats.jsonl").read_text().splitlines()]
    assert [line["output_tokens"] for line in lines] == [5, 6, 7, 8, 9]
    assert lines[0]["prompt"] == "anchor bay"
    assert words[words.index("--num-prompts") + 1] == "5"
    assert words[words.index("--max-concurrency") + 1] == "2"
    assert words[words.index("--extra-body") + 1] == '{"ignore_eos": true}'


@pytest.mark.parametrize(("error", "told"), [("Unauthorized", "Unauthorized"), ("", "no event")])
def test_what_was_not_answered_is_in_no_time(tmp_path: Path, error: str, told: str) -> None:
    result = json.loads(recorded("vllm"))
    asked = len(result["errors"])
    _lose(result, 3, error)
    (tmp_path / RESULT).write_text(json.dumps(result))
    assert VLLM.read(QUESTION, tmp_path).answers == asked - 1 - QUESTION.users
    for number in range(asked):
        _lose(result, number, error)
    (tmp_path / RESULT).write_text(json.dumps(result))
    with pytest.raises(ValueError, match=f"was answered: {told}"):
        VLLM.read(QUESTION, tmp_path)


def _lose(result: dict[str, list[object]], number: int, error: str) -> None:
    """As it says of a request that was refused."""
    result["errors"][number], result["ttfts"][number] = error, 0.0
    result["itls"][number], result["output_lens"][number] = [], 0
