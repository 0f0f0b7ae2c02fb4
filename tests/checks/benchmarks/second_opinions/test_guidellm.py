"""What guidellm is asked, and how its report is read."""

import json
from pathlib import Path

import pytest

from checks.benchmarks.second_opinions.guidellm import GUIDELLM, REPORT, configuration
from tests.checks.benchmarks.second_opinions.other_client import recorded
from tests.checks.benchmarks.second_opinions.test_adapter import QUESTION


def test_it_asks_the_gateway_for_nothing_but_answers_and_believes_no_certificate(
    tmp_path: Path,
) -> None:
    backend = configuration(QUESTION, tmp_path)["backend"]
    assert (backend["validate_backend"], backend["verify"]) == (False, True)
    assert backend["api_routes"] == {"/v1/chat/completions": "v1/chat/completions"}
    assert backend["extras"] == {"body": {"ignore_eos": True}}


def test_every_text_is_asked_once_with_its_own_length(tmp_path: Path) -> None:
    GUIDELLM.write(QUESTION, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "chats.jsonl").read_text().splitlines()]
    assert [line["tokens"] for line in lines] == [5, 6, 7, 8, 9]
    assert lines[0]["messages"] == [{"role": "user", "content": "anchor bay"}]
    words = configuration(QUESTION, tmp_path)
    assert words["constraints"] == [{"kind": "max_requests", "count": 5}]
    assert words["profile"] == {"kind": "concurrent", "streams": [2]}


def test_what_was_not_answered_is_in_no_time(tmp_path: Path) -> None:
    report = json.loads(recorded("guidellm"))
    requests = report["benchmarks"][0]["requests"]
    before = len(requests["successful"])
    lost = requests["successful"].pop() | {"info": {"error": "404 Not Found"}}
    requests["errored"].append(lost)
    (tmp_path / REPORT).write_text(json.dumps(report))
    assert GUIDELLM.read(QUESTION, tmp_path).answers == before - 1 - QUESTION.users
    requests["successful"].clear()
    requests["errored"] = [lost] * before
    (tmp_path / REPORT).write_text(json.dumps(report))
    with pytest.raises(ValueError, match="was answered: 404 Not Found"):
        GUIDELLM.read(QUESTION, tmp_path)
