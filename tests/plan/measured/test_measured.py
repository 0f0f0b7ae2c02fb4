"""The formulas against what llama.cpp took of a real H200, without asking it again."""

from collections import Counter
from pathlib import Path

import pytest

from deploys.plan.memory import compute_buffer, process
from deploys.plan.memory.feed_forward_phase import feed_forward_bytes
from tests.plan.accuracy.targets import missed
from tests.plan.measured import recording
from tests.plan.measured.asking import Seen
from tests.plan.measured.comparison import TARGETS, rows

MEASURED, FACTS = recording.read()
VERSION = str(FACTS["version"])
ANSWERED = [one for one in MEASURED if isinstance(one.seen, Seen)]
# That build aborted, and the last lines of its log hold a backtrace alone; nothing was measured.
NOT_ANSWERED = {"gemma2"}


def test_every_family_was_measured_but_for_a_crash() -> None:
    answered = Counter(one.question.family for one in ANSWERED)
    assert len(ANSWERED) > 50
    assert min(answered.values()) >= 1
    refused = {one.question.family for one in MEASURED if isinstance(one.seen, str)}
    assert refused == NOT_ANSWERED


def test_every_target_is_reached() -> None:
    assert missed(rows(MEASURED, VERSION), TARGETS) == []


def test_another_builds_profile_misses_them() -> None:
    assert "GPU total: upper never under by more than 1 %" in missed(
        rows(MEASURED, "pinned"), TARGETS
    )


def test_a_wrong_compute_buffer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = feed_forward_bytes
    monkeypatch.setattr(compute_buffer, "feed_forward_bytes", lambda *words: right(*words) * 0.7)
    assert missed(rows(MEASURED, VERSION), TARGETS)


def test_what_a_process_takes_beside_its_buffers_needs_the_margin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "MARGIN_MIB", 0)
    assert missed(rows(MEASURED, VERSION), TARGETS) == [
        "beside the buffers: upper never under by more than 0 %"
    ]


def test_a_surveyed_context_tells_what_a_process_takes_at_work() -> None:
    # As `homeport survey --measure-context` found it on that card.
    upper = 524 + process.UPPER_WORK_MIB
    assert all(one.seen.around <= upper for one in ANSWERED if isinstance(one.seen, Seen))
    assert any(one.seen.around > upper - 10 for one in ANSWERED if isinstance(one.seen, Seen))


def test_what_is_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FILE", tmp_path / "measured.json")
    recording.write(MEASURED, {name: FACTS[name] for name in ("gpu", "version")})
    assert recording.read()[0] == MEASURED
