"""The formulas against what llama.cpp took of a real H200, without asking it again."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from deploys.plan.gpu_catalogue import CatalogueGpu, find_gpu
from deploys.plan.memory import compute_buffer, process
from deploys.plan.memory.feed_forward_phase import feed_forward_bytes
from tests.plan.accuracy.targets import missed
from tests.plan.measured import recording
from tests.plan.measured.asking import Seen
from tests.plan.measured.comparison import TARGETS, rows
from tests.plan.measured.recording import Measured

MEASURED, FACTS = recording.read()
VERSION = str(FACTS["version"])
H200 = CatalogueGpu.model_validate(FACTS["gpu"], strict=False)
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


def test_the_rule_for_cards_that_nobody_measured_is_enough_for_this_one() -> None:
    unmeasured = [_unmeasured(one) for one in MEASURED]
    assert missed(rows(unmeasured, VERSION), TARGETS) == []


def test_a_context_without_what_llamacpp_adds_at_work_would_not_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "UPPER_WORK_MIB", 0)
    assert missed(rows(MEASURED, VERSION), TARGETS) == [
        "beside the buffers: upper never under by more than 0 %"
    ]


def test_the_catalogue_has_what_was_measured_of_the_card() -> None:
    assert find_gpu("NVIDIA H200") == H200


def _unmeasured(one: Measured) -> Measured:
    (device,) = one.question.asked.devices
    asked = replace(one.question.asked, devices=(replace(device, process_mib=None),))
    return replace(one, question=replace(one.question, asked=asked))


def test_what_is_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FILE", tmp_path / "measured.json")
    recording.write(MEASURED, {name: FACTS[name] for name in ("gpu", "version")})
    assert recording.read()[0] == MEASURED
