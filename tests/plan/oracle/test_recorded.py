"""The formulas against what the pinned llama.cpp said, without asking it again."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import attention_phase, compute_buffer, kv_cells, weights
from tests.plan.accuracy.comparison import by_quantity
from tests.plan.accuracy.targets import missed
from tests.plan.oracle import recording
from tests.plan.oracle.comparison import TARGETS, Plan, listed, plans, predicted, rows
from tests.plan.oracle.families import FAMILIES
from tests.plan.oracle.questions import questions
from tests.plan.oracle.taken_in import taken_in


@pytest.fixture(scope="module", params=[listed, taken_in], ids=["header", "catalogue"])
def recorded(request: pytest.FixtureRequest) -> list[Plan]:
    return plans(*recording.read(), request.param)


def again() -> list[Plan]:
    """A third of the plans, predicted anew."""
    asked, answers = recording.read()
    return plans(asked[:104], answers[:104])


def test_a_header_reads_back_as_the_shape_that_was_drawn() -> None:
    asked, _ = recording.read()
    assert [taken_in(one)[0] for one in asked] == [one.shape for one in asked]


def test_what_the_catalogue_keeps_says_of_memory_what_the_header_says() -> None:
    asked, _ = recording.read()
    assert len([one for one in asked if one.kind.endswith("part in RAM")]) > 100
    for question in asked:
        for kept, whole in zip(predicted(question, taken_in), predicted(question), strict=True):
            for name, part in whole.parts.items():
                sizes = (part.expected, part.upper)
                assert (kept.parts[name].expected, kept.parts[name].upper) == pytest.approx(sizes)


def test_at_least_300_plans_of_every_family_are_recorded() -> None:
    asked, answers = recording.read()
    answered = zip(asked, answers, strict=True)
    families = Counter(one.family for one, answer in answered if not isinstance(answer, str))
    assert sum(families.values()) >= 300
    assert set(families) == set(FAMILIES)
    assert min(families.values()) >= 10


def test_every_target_is_reached(recorded: list[Plan]) -> None:
    assert missed(rows(recorded), TARGETS) == []


def test_no_plan_is_accepted_that_llama_cpp_would_reject(recorded: list[Plan]) -> None:
    accepted = [plan for plan in recorded if plan.accepted]
    assert len(accepted) > 200
    assert [plan for plan in accepted if not plan.fits] == []


def test_the_smallest_gpus_that_are_accepted_suffice(recorded: list[Plan]) -> None:
    assert [plan.question for plan in recorded if plan.short_of_smallest] == []


def test_hardly_any_plan_is_refused_that_would_fit(recorded: list[Plan]) -> None:
    refused = [plan for plan in recorded if not plan.accepted]
    assert len(refused) > 10
    assert sum(plan.fits for plan in refused) <= 0.05 * len(recorded)


def test_a_whole_model_on_one_gpu_is_predicted_to_a_tenth_of_a_percent(
    recorded: list[Plan],
) -> None:
    alone = [plan for plan in recorded if plan.question.kind.endswith("one GPU")]
    totals = by_quantity(rows(alone))["GPU total"]
    assert len(totals) > 50
    assert sorted(abs(row.error) for row in totals)[len(totals) // 2] < 0.001


ALTERED: tuple[tuple[ModuleType, str, Callable[[float], float], str], ...] = (
    (kv_cells, "padded", lambda cells: cells + 256, "KV cache and state: each within 0.1 %"),
    (
        compute_buffer,
        "feed_forward_bytes",
        lambda size: size * 0.7,
        "GPU total: expected never under by more than 2 %",
    ),
    (
        attention_phase,
        "copied_bytes",
        lambda _: 0,
        "GPU total: upper never under by more than 1 %",
    ),
)


@pytest.mark.parametrize(
    ("module", "name", "alter", "target"), ALTERED, ids=[one[1] for one in ALTERED]
)
def test_an_altered_formula_misses_its_target(
    module: ModuleType,
    name: str,
    alter: Callable[[float], float],
    target: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *arguments: alter(right(*arguments)))
    assert target in missed(rows(again()), TARGETS)


def test_weights_on_the_wrong_gpu_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "device_of", lambda *_: 0)
    assert "weights: each within 0.1 %" in missed(rows(again()), TARGETS)


def test_a_plan_that_does_not_fit_is_told_apart(recorded: list[Plan]) -> None:
    plan = next(plan for plan in recorded if plan.accepted)
    heavier = tuple(replace(one, compute=one.compute + 2**40) for one in plan.reserved)
    assert not replace(plan, reserved=heavier).fits
    assert replace(plan, reserved=heavier).short_of_smallest


def test_the_same_seed_asks_the_same_questions() -> None:
    assert questions(7, 30) == questions(7, 30)
    assert questions(7, 30) != questions(8, 30)


def test_a_recording_of_other_questions_is_refused(tmp_path: Path) -> None:
    kept = recording.contents(recording.DRAWN)
    other = tmp_path / "recorded.json"
    other.write_text(json.dumps(kept | {"cases": 1}))
    with pytest.raises(ValueError, match="--record"):
        recording.read(replace(recording.DRAWN, file=other))


def test_shapes_of_one_family_differ() -> None:
    shapes: set[Architecture] = {one.shape for one in questions(1, 26 * 4) if one.family == "llama"}
    assert len(shapes) == 4
