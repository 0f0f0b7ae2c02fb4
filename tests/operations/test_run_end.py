"""What the audit log says of a run on one host."""

import pytest

from deploys.history.words import LOCKING
from deploys.operations.run_end import Step, outcome

LOCK = Step(f"deploys/lock.py | {LOCKING}", complete=True, changed=True)
SAME = Step("Stage", complete=True)
CHANGED = Step("Switch", complete=True, changed=True)
FAILED = Step("Load", complete=True, failed=True)
OPEN = Step("Prune")


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ([LOCK, SAME], "unchanged"),
        ([LOCK, SAME, OPEN], ""),
        ([LOCK, SAME, CHANGED], "mended"),
        ([LOCK, SAME, FAILED, OPEN], "failed at Load"),
        ([LOCK, CHANGED, FAILED, OPEN], "failed at Load"),
        ([LOCK, CHANGED, OPEN], "stopped at Prune"),
        ([LOCK, SAME, Step("Load", under_way=True), OPEN], "stopped at Load"),
        ([LOCK, OPEN], ""),
        ([Step(LOCKING, complete=True, failed=True), OPEN], ""),
        ([], ""),
    ],
)
def test_a_run_that_ended_or_changed_something_or_failed_has_a_word(
    steps: list[Step], word: str
) -> None:
    assert outcome(steps) == word
